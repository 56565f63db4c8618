/** The examples, what the model says in each of them, and what they print. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { echoScript, type Script } from '@runguard/simulator'
import { compileFiles, type ProgramEnd, runToEnd } from './user-program.js'

const folder = fileURLToPath(new URL('../../examples', import.meta.url))

/** One example, run to its end. */
export interface Example {
  /** Its file, without the ending. */
  readonly name: string
  /** What the model says; it repeats what it was told unless this says otherwise. */
  readonly script?: Script
  /** Signs of what it has to print, in this order. */
  readonly prints: readonly RegExp[]
}

/** Calls the tool for each city, then answers. */
const lookUpCities: Script = (_request, { round }) => {
  const city = ['Lisbon', 'Porto'][round]
  if (city === undefined) return { parts: [{ kind: 'text', text: 'It is the same in both.' }] }
  return { parts: [{ kind: 'tool', name: 'get_weather', input: { city } }] }
}

const counted = ['shells', 'pearls', 'old coins', 'anchors', 'bottles', 'spoons', 'fish hooks', 'ropes']
const visitors = ['a crab', 'two eels', 'the tide', 'a diver', 'her sister']

/** Tells a story that takes a while, no sentence of it twice. */
const tellStory: Script = () => ({
  parts: [
    {
      kind: 'text',
      text: visitors
        .flatMap((visitor) => counted.map((things) => `The octopus counted her ${things} until ${visitor} came by. `))
        .join(''),
    },
  ],
  pacing: { betweenEventsMs: 2 },
})

/** Those that need the official client alone. */
export const smallExamples: readonly Example[] = [
  {
    name: 'plain',
    prints: [
      /You said: Fact number 1/,
      /You said: Fact number 2/,
      /Refused: The RunGuard budget for everything/,
      /\d calls, \d+ tokens in/,
    ],
  },
  {
    name: 'streaming',
    script: tellStory,
    prints: [/octopus/, /complete: \d+ tokens out, \$0\.\d{6}\n/, /caller-aborted: \d+ .* \(estimated\)/],
  },
  {
    name: 'tools-loop',
    script: lookUpCities,
    prints: [/get_weather .*Lisbon/, /get_weather .*Porto/, /It is the same in both\./, /session \S+ cost \$0\.0\d+/],
  },
  { name: 'session', prints: [/You said: Summarize/, /You said: Is/, /\$0\.0\d+ of \$0\.25 spent/] },
  {
    name: 'batches',
    prints: [/Submitted msgbatch_/, /review-\d: You said/, /review-\d: You said/, /review-\d: You said/],
  },
  { name: 'defer', prints: [/Deferred weekly-summary-48: waiting/, /You said: Sum up/, /1 call, \$0\.0\d+/] },
]

/** Those that need what the tests with the large clients install, and end by themselves. */
export const largeExamples: readonly Example[] = [
  {
    name: 'ai-sdk',
    prints: [/You said: Give me a title/, /You said: Now write/, /402: .*RunGuard budget for project:blog/],
  },
  { name: 'langchain', prints: [/You said: What is the French/, /You said: And the Italian/, /\$0\.00\d+ for both/] },
]

/** Compiles examples where they are. Answers what the compiler complains about. */
export function compileExamples(names: readonly string[]): Promise<readonly string[]> {
  return compileFiles(
    folder,
    names.map((name) => join(folder, `${name}.ts`)),
  )
}

/** The file that node runs. */
export function programOf(name: string): string {
  return join(folder, 'dist', `${name}.js`)
}

/** Runs an example that was compiled, as its user would: with the address and a key in the environment. */
export async function runExample(name: string, baseUrl: string): Promise<ProgramEnd> {
  const home = mkdtempSync(join(tmpdir(), 'runguard-example-'))
  const environment = { HOME: home, ANTHROPIC_BASE_URL: baseUrl, ANTHROPIC_API_KEY: 'sk-ant-test-0000' }
  try {
    return await runToEnd(process.execPath, [programOf(name)], { environment, workingDirectory: home })
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** What the model says in an example. */
export function scriptOf({ script = echoScript }: Example): Script {
  return script
}

/** The signs that were not printed where they should have been. */
export function missingIn(text: string, prints: readonly RegExp[]): readonly string[] {
  let rest = text
  return prints.flatMap((sign): string[] => {
    const found = sign.exec(rest)
    if (found === null) return [String(sign)]
    rest = rest.slice(found.index + found[0].length)
    return []
  })
}
