/**
 * What a program in TypeScript may write, and what it may not: each line under `@ts-expect-error` has to be refused by the
 * compiler. It is compiled, never run: here as it stands, and by its test as a program that has the package installed.
 */

import Anthropic from '@anthropic-ai/sdk'
import {
  AgentSession,
  type AgentSessionState,
  BudgetExceededError,
  type CacheHit,
  type CallRecord,
  callWithCaching,
  checkCacheHit,
  createGuard,
  errorFromApiError,
  estimateCost,
  gatewayEnvironment,
  guardHooks,
  LoopDetectedError,
  LoopDetector,
  type LoopMatch,
  openBatches,
  type RunGuardError,
  retrieveBatchResults,
  selectModel,
  submitBatchJob,
  systemRuntime,
  TASK_MODEL_MAP,
  withCache,
} from '../src/client/index.js'
import { postgresStore } from '../src/client/postgres.js'
import { sqliteStore } from '../src/client/sqlite.js'

/** True for `any` alone: what leaks as one is checked by nobody any more. */
type IsAny<Value> = 0 extends 1 & Value ? true : false

/** Does not compile for `any`, nor for another type than the one that is named. */
function hasType<Wanted>(): <Value extends Wanted>(value: IsAny<Value> extends true ? never : Value) => void {
  return () => {}
}

const client = new Anthropic()
const params = { model: 'claude-haiku-5-5', max_tokens: 9, messages: [{ role: 'user' as const, content: 'Hi.' }] }

/** Guards and sessions. */
export async function guards(): Promise<void> {
  const guard = createGuard({
    store: sqliteStore('runguard.db', { busyTimeoutMs: 9 }),
    budgets: [{ scope: 'user:*', limit: '$3', window: 'day', thresholds: [80] }],
    onRecord: (record) => hasType<CallRecord>()(record),
    onAlert: ({ percent }) => hasType<number>()(percent),
    runtime: systemRuntime(),
    client,
  })
  hasType<Anthropic>()(guard.wrap(client))
  hasType<number>()(guard.session({ user: 'ada', tags: ['a'] }).spentUsd)
  const [row] = await guard.report({ groupBy: 'model', since: 0 })
  hasType<number | undefined>()(row?.costNano)
  hasType<boolean>()(await guard.feedback('id', true))
  const call = await guard.defer<Anthropic.Message>(params, { within: '6h', when: 'degraded', on: { user: 'ada' } })
  hasType<Anthropic.Message>()(await call.result({ signal: AbortSignal.timeout(9) }))
  const cascade = guard.cascade(['small', 'large'], (message) => message.stop_reason === 'end_turn')
  const answer = await cascade.create(client, { max_tokens: 9, messages: params.messages }, { maxRetries: 0 })
  hasType<Anthropic.Message>()(answer.message)

  // @ts-expect-error an option with a letter too few
  createGuard({ budget: [] })
  // @ts-expect-error a budget that says nothing of its money
  createGuard({ budgets: [{ scope: 'everything', window: 'day' }] })
  // @ts-expect-error a window that is none
  createGuard({ budgets: [{ scope: 'everything', limit: 1, window: 'fortnight' }] })
  // @ts-expect-error no client
  guard.wrap('client')
  // @ts-expect-error a name that accounts do not have
  guard.session({ usr: 'ada' })
  // @ts-expect-error a word that presence does not know
  guard.session().presence('gone')
  // @ts-expect-error no group of reports
  await guard.report({ groupBy: 'users' })
  // @ts-expect-error a text is no yes
  await guard.feedback('id', 'true')
  // @ts-expect-error how long it may wait is not said
  await guard.defer(params, {})
  // @ts-expect-error a word that is none of the two
  await guard.defer(params, { within: '6h', when: 'low' })
  // @ts-expect-error a cascade does not stream
  await cascade.create(client, { max_tokens: 9, messages: params.messages, stream: true })
  // @ts-expect-error tiers are a list
  guard.cascade('small', () => true)
  // @ts-expect-error milliseconds are a number
  sqliteStore('runguard.db', { busyTimeoutMs: '9' })
  // @ts-expect-error an address is no pool
  await postgresStore('postgres://localhost')
}

/** The names that were promised. */
export async function promised(): Promise<void> {
  const match = new LoopDetector({ repeats: 3, maxCycleLen: 3 }).record('a')
  hasType<LoopMatch | null>()(match)
  hasType<string>()(selectModel('classify', 1, { preset: 'classic', tiers: { small: 'm' }, tasks: { mine: 'small' } }))
  hasType<string>()(TASK_MODEL_MAP.classify)
  hasType<number>()(estimateCost('claude-haiku-5-5', 1, 1, { at: new Date() }))
  const message = await callWithCaching(client, params, { ttl: '1h', maxRetries: 0 })
  hasType<Anthropic.Message>()(message)
  hasType<CacheHit>()(checkCacheHit(message))
  hasType<Anthropic.MessageCreateParams>()(withCache({ ...params, system: 'You are brief.' }))
  const id = await submitBatchJob(client, [{ custom_id: 'a', user_message: 'b' }], { maxTokens: 9 })
  hasType<string>()(id)
  for (const result of await retrieveBatchResults(client, id, { customIds: ['a'] })) {
    hasType<string>()('error' in result ? result.error.message : result.text)
  }
  const error = new BudgetExceededError('over', { details: { scope: 'user:ada' } })
  hasType<number | null>()(error.limitUsd)
  hasType<LoopMatch | null>()(
    new LoopDetectedError('round', { match: { repeats: 3, cycle: ['a'], cycleLength: 1 } }).match,
  )
  hasType<RunGuardError | null>()(errorFromApiError(error))

  // @ts-expect-error an option with a letter too few
  new LoopDetector({ repeat: 5 })
  // @ts-expect-error a signature is a text
  new LoopDetector().record({ tool: 'a' })
  // @ts-expect-error a length in tokens is a number
  selectModel('classify', '9')
  // @ts-expect-error no tier
  selectModel('classify', 9, { tiers: { tiny: 'm' } })
  // @ts-expect-error a task that the table does not know
  TASK_MODEL_MAP.translate
  // @ts-expect-error the tokens of the answer are not said
  estimateCost('claude-haiku-5-5', 1)
  // @ts-expect-error a day is given by its name
  estimateCost('claude-haiku-5-5', 1, 1, new Date())
  // @ts-expect-error a lifetime that the cache does not have
  await callWithCaching(client, params, { ttl: '2h' })
  // @ts-expect-error the client comes first
  await callWithCaching(params)
  // @ts-expect-error a prompt without an id
  await submitBatchJob(client, [{ user_message: 'b' }])
  // @ts-expect-error the spelling of the API, in options
  await submitBatchJob(client, [{ custom_id: 'a', user_message: 'b' }], { max_tokens: 9 })
  // @ts-expect-error a fact that no text can carry
  new BudgetExceededError('over', { details: { at: new Date() } })
}

/** Agents, batches and the rest. */
export async function agents(): Promise<void> {
  const tool = {
    name: 'get_weather',
    input_schema: { type: 'object' as const },
    run: ({ city }: { city: string }) => `sunny in ${city}`,
  }
  const agent = new AgentSession({ client, budgetUsd: '$0.50', tools: [tool], caching: 'prefix', loop: false })
  hasType<string>()(await agent.turn('classify', 'Hi.'))
  const run = agent.run('Hi.', { task: 'classify', onEvent: (event) => hasType<string>()(event.kind) })
  for await (const event of run) if (event.kind === 'text') hasType<string>()(event.text)
  const { reason } = await run.result
  if (reason.kind === 'budget') hasType<BudgetExceededError>()(reason.error)
  hasType<AgentSessionState>()(agent.toJSON())
  hasType<AgentSession>()(AgentSession.resume(JSON.parse('{}'), { client }))
  guardHooks(agent, { budgetUsd: 1, loop: { repeats: 3 } })
  hasType<Record<string, string>>()(gatewayEnvironment({ url: 'http://localhost:4141', tags: ['a'] }))
  const batches = openBatches({ client, pace: { firstMs: 1, longestMs: 2, perMinute: 60 } })
  for await (const item of batches.run([{ customId: 'a', userMessage: 'b' }], { order: 'input' })) {
    hasType<string>()(item.kind === 'succeeded' ? item.text : item.reason)
  }

  // @ts-expect-error an option with another name
  new AgentSession({ client, budget: 1 })
  // @ts-expect-error no client
  new AgentSession({})
  // @ts-expect-error a word that caching does not know
  new AgentSession({ client, caching: 'all' })
  // @ts-expect-error what the session sets itself
  new AgentSession({ client, params: { model: 'm' } })
  // @ts-expect-error the task is said before
  await agent.turn('classify', 'Hi.', { task: 'reason' })
  // @ts-expect-error a signal is no text
  agent.run('Hi.', { signal: 'none' })
  // @ts-expect-error what is spent is read alone
  agent.spent = 0
  // @ts-expect-error an option with another name
  guardHooks(agent, { budget: 1 })
  // @ts-expect-error an address is needed
  gatewayEnvironment({ session: 's' })
  // @ts-expect-error an order that there is not
  batches.run([], { order: 'id' })
  // @ts-expect-error a text is no list of prompts
  await batches.submit('prompts')
}
