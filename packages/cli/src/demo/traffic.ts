/** What happens in the demo: the kinds of calls that a day with Claude is made of. */

import type { ApiClient, Block, Message, MessagesBody } from './api-client.js'

/** One step, with the words that announce it. */
export interface Step {
  readonly title: string
  /** The budget of its session, if it has one. */
  readonly limit?: string
  run(client: ApiClient): Promise<void>
}

const OPUS = 'claude-opus-5-5'
const SONNET = 'claude-sonnet-5-5'
const HAIKU = 'claude-haiku-5-5'
const files = ['app', 'config', 'server', 'routes', 'store', 'main'].map((name) => `src/${name}.ts`)
const marker = { type: 'ephemeral' }

/** All steps in their order. */
export const traffic: readonly Step[] = [
  { title: 'a plain answer', run: async (client) => void (await client.send(ask(HAIKU, '[[sim:text 120]]'))) },
  { title: 'a streamed answer', run: (client) => client.stream(ask(SONNET, '[[sim:think 200]] [[sim:text 300]]')) },
  { title: 'a conversation that is read from the cache', run: converse },
  { title: `an agent that reads ${files.length} files`, run: readFiles },
  {
    title: 'a stream that its reader abandons',
    run: (client) => client.abandon(ask(OPUS, '[[sim:every 5]] [[sim:text 4000]]'), 30),
  },
  {
    title: 'a long stream that the budget of its session ($0.02) ends',
    limit: '$0.02',
    run: (client) => client.stream(ask(OPUS, '[[sim:every 1]] [[sim:text 6000]]')),
  },
  { title: 'an answer that fails (529)', run: (client) => client.fail(ask(OPUS, '[[sim:fault 529]]')) },
  { title: 'a count of tokens, which is free', run: (client) => client.count(ask(SONNET, 'How long is this?')) },
]

/** The session of a step, under which its calls are reported. */
export function sessionOf(index: number): string {
  return `demo-${index + 1}`
}

/** What steps that have a budget would have written in a configuration. */
export const writtenBudgets = traffic.flatMap(({ limit }, index) =>
  limit === undefined ? [] : [{ scope: `session:${sessionOf(index)}`, limit }],
)

function ask(model: string, text: string): MessagesBody {
  return { model, max_tokens: 8_000, messages: [{ role: 'user', content: text }] }
}

/** A long handbook in front of four questions: written to the cache once, read three times. */
async function converse(client: ApiClient): Promise<void> {
  const handbook = 'Every answer names the page it rests on, and says so when there is none. '.repeat(400)
  const system = [{ type: 'text', text: handbook, cache_control: marker }]
  const messages: Message[] = []
  for (const question of ['Who may sign?', 'And abroad?', 'Since when?', 'Who decided that?']) {
    messages.push({ role: 'user', content: `${question} [[sim:text 90]]` })
    const { content } = await client.send({ model: OPUS, max_tokens: 1_000, system, messages })
    messages.push({ role: 'assistant', content })
  }
}

/** Each round sends the whole conversation again and caches it up to its end: the next round reads that. */
async function readFiles(client: ApiClient): Promise<void> {
  const tools = [
    {
      name: 'read_file',
      description: 'Reads a file.',
      input_schema: { type: 'object', properties: { path: { type: 'string' } } },
    },
  ]
  const steps = files.map((path) => `[[sim:tool read_file ${JSON.stringify({ path })}]]`)
  const script = [...steps, '[[sim:text 60]]'].join(' [[sim:next]] ')
  const messages: Message[] = [{ role: 'user', content: `Find the mistake. ${script}` }]
  for (;;) {
    const answer = await client.send({ model: SONNET, max_tokens: 1_000, cache_control: marker, tools, messages })
    if (answer.stop_reason !== 'tool_use') return
    messages.push({ role: 'assistant', content: answer.content })
    const results = answer.content.filter(({ type }) => type === 'tool_use').map(resultOf)
    messages.push({ role: 'user', content: results })
  }
}

function resultOf({ id }: Block): Block {
  return {
    type: 'tool_result',
    tool_use_id: id,
    content: `// The file of ${id}\n${'export const answer = 42 // and so on, for a page or two. '.repeat(60)}`,
  }
}
