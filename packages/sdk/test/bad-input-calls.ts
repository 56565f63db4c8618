/** Every public name of `@runguard/sdk` and its stores, called as its documentation says: what works is spoiled then. */

import { join } from 'node:path'
import type Anthropic from '@anthropic-ai/sdk'
import * as sdk from '../src/client/index.js'
import { sqliteStore } from '../src/client/sqlite.js'
import type { WorkingCall } from './bad-input.js'

/** One public name, or a method of what it gives. */
export interface PublicCall {
  readonly working: WorkingCall
  /** Which argument has options: a name that is not known there is refused. */
  readonly options?: number
  /** Places where anything may stand, because the answer says what it is, or nobody looks into it. */
  readonly free?: readonly string[]
}

/** What the calls are made on. */
export interface CallStage {
  readonly client: Anthropic
  readonly guard: sdk.Guard
  /** Of a batch that has ended. */
  readonly jobId: string
  /** Where a store may be made of whatever name. */
  readonly folder: string
}

const runtime = sdk.systemRuntime()
const signal = () => new AbortController().signal
const asking = () => ({ model: 'claude-haiku-5-5', max_tokens: 50, messages: [{ role: 'user', content: 'Hi.' }] })
const prompts = () => [{ custom_id: 'a', user_message: 'b' }]
const nothing = () => {}
const shared = () => ({
  runtime,
  unknownModel: 'dearest',
  pace: { firstMs: 1, longestMs: 1, perMinute: 1e6 },
  limits: { items: 9, bytes: 1e5 },
})
const submitting = () => ({
  model: 'claude-haiku-5-5',
  maxTokens: 9,
  system: 's',
  cacheSharedPrefix: true,
  testFirst: false,
  signal: signal(),
  onStep: nothing,
})
const reading = () => ({ customIds: ['a'], signal: signal(), onProgress: nothing })
const account = () => ({ id: 'i', user: 'u', project: 'p', task: 't', tags: ['a'] })
const calling = () => ({ signal: signal(), headers: {}, timeout: 9_999, maxRetries: 0 })
const tool = () => ({ name: 'look_up', input_schema: { type: 'object' }, run: () => 'x' })

async function drain(values: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of values);
}

/** Errors, as programs make them in their tests, and read them back. */
const errorCalls: Readonly<Record<string, PublicCall>> = {
  RunGuardError: {
    working: () => [
      (...args: ConstructorParameters<typeof sdk.RunGuardError>) => new sdk.RunGuardError(...args).toWire(),
      ...['runguard_closed', 'm', { details: { a: 1 }, retryAfterSec: 1, requestId: 'r', cause: 'c' }],
    ],
    options: 2,
    free: ['2.cause'],
  },
  ...Object.fromEntries(
    [sdk.BudgetExceededError, sdk.BreakerOpenError, sdk.UnpricedModelError].map((Kind): [string, PublicCall] => {
      const make = (message: string, options: sdk.RunGuardErrorOptions) => new Kind(message, options).toWire()
      return [Kind.name, { working: () => [make, 'm', { details: { a: 1 }, requestId: 'r' }], options: 1 }]
    }),
  ),
  LoopDetectedError: {
    working: () => [
      (...args: ConstructorParameters<typeof sdk.LoopDetectedError>) => new sdk.LoopDetectedError(...args).toWire(),
      ...['m', { match: { repeats: 3, cycle: ['a'], cycleLength: 1 } }],
    ],
    options: 1,
  },
  errorFromRefusal: {
    working: () => [
      sdk.errorFromRefusal,
      { code: 'runguard_closed', message: 'm', details: {}, retryAfterSec: 1 },
      { requestId: 'r' },
    ],
    options: 1,
  },
  errorFromWire: { working: () => [sdk.errorFromWire, 402, {}, '{}', 'c'], free: ['0', '1', '2', '3'] },
  errorFromApiError: { working: () => [sdk.errorFromApiError, new Error('x')], free: ['0'] },
  isRunGuardError: { working: () => [sdk.isRunGuardError, new Error('x')], free: ['0'] },
}

/** What needs no client. */
const plainCalls: Readonly<Record<string, PublicCall>> = {
  LoopDetector: {
    working: () => [(options: sdk.LoopOptions) => new sdk.LoopDetector(options), { repeats: 3, maxCycleLen: 3 }],
    options: 0,
  },
  'LoopDetector.record': { working: () => [(signature: string) => new sdk.LoopDetector().record(signature), 'a'] },
  'LoopDetector.from': { working: () => [sdk.LoopDetector.from, { ...new sdk.LoopDetector().toJSON() }] },
  selectModel: {
    working: () => [
      sdk.selectModel,
      'classify',
      10,
      { preset: 'current', tiers: { small: 'm' }, tasks: { own: 'small' } },
    ],
    options: 2,
  },
  'selectModel, tiers': {
    working: () => [
      (tiers: never) => sdk.selectModel('classify', 10, { tiers }),
      { small: 'a', medium: 'b', large: 'c' },
    ],
    options: 0,
  },
  'selectModel, tasks': { working: () => [(tasks: never) => sdk.selectModel('own', 10, { tasks }), { own: 'small' }] },
  estimateCost: { working: () => [sdk.estimateCost, 'claude-haiku-5-5', 1, 1, { at: 1_790_000_000_000 }], options: 3 },
  checkCacheHit: { working: () => [sdk.checkCacheHit, { usage: { input_tokens: 1, output_tokens: 1 } }] },
  withCache: {
    working: () => [sdk.withCache, { ...asking(), system: 's' }, { ttl: '5m' }],
    options: 1,
    free: ['0.model', '0.max_tokens', '0.messages', '0.system'],
  },
  gatewayEnvironment: {
    working: () => [
      sdk.gatewayEnvironment,
      {
        url: 'http://localhost:1',
        ...{ session: 's', project: 'p', user: 'u', task: 't' },
        tags: ['a'],
        environment: { A: 'b' },
      },
    ],
    options: 0,
  },
  systemRuntime: { working: () => [sdk.systemRuntime, { info: nothing, warn: nothing, error: nothing }] },
  memoryStore: { working: () => [() => sdk.memoryStore()] },
}

/** A name that is one makes a file. */
function storeCalls({ folder }: CallStage): Readonly<Record<string, PublicCall>> {
  const open = (name: string, options: Parameters<typeof sqliteStore>[1]) => {
    const isName = typeof name === 'string' && name !== ''
    return sqliteStore(isName ? join(folder, name) : name, options).close()
  }
  return { sqliteStore: { working: () => [open, 'a.db', { busyTimeoutMs: 9 }], options: 1 } }
}

/** What is called on a guard. */
function guardCalls({ client, guard }: CallStage): Readonly<Record<string, PublicCall>> {
  const open = (options: sdk.GuardOptions) => sdk.createGuard(options).close()
  const deferring = () => ({ within: '6h', when: 'always', id: 'i', on: { user: 'u' }, betas: ['b'] })
  return {
    createGuard: {
      working: () => [
        open,
        {
          budgets: [],
          store: sdk.memoryStore(),
          runtime,
          client,
          ...{ onRecord: nothing, onAlert: nothing, onLoop: nothing, onBreaker: nothing },
          waitForMoneyMs: 0,
          loops: {},
          caching: {},
          routing: {},
          defer: {},
          unknownModel: 'dearest',
        },
      ],
      options: 0,
    },
    'guard.wrap': { working: () => [guard.wrap, client] },
    'guard.guardFetch': { working: () => [guard.guardFetch, fetch] },
    'guard.session': { working: () => [guard.session, account(), nothing], options: 0 },
    'session.presence': { working: () => [guard.session().presence, 'done'] },
    'guard.report': {
      working: () => [guard.report, { groupBy: 'total', since: 0, until: 1, offsetMinutes: 0, session: 's' }],
    },
    'guard.cacheStats': { working: () => [guard.cacheStats, { since: 0, until: 1 }], options: 0 },
    'guard.cascade': {
      working: () => [guard.cascade, ['small', 'medium'], nothing, { task: 't', onAttempt: nothing }],
      options: 2,
    },
    'cascade.create': {
      working: () => [
        guard.cascade(['small'], () => true).create,
        client,
        { max_tokens: 9, messages: asking().messages },
        calling(),
      ],
      options: 2,
    },
    'guard.feedback': { working: () => [guard.feedback, 'id', true] },
    'guard.setBudgets': { working: () => [guard.setBudgets, []] },
    'guard.defer': { working: () => [guard.defer, asking(), deferring()], options: 1 },
    "guard.defer, when: 'degraded'": {
      working: () => [guard.defer, asking(), { ...deferring(), when: 'degraded', id: 'j' }],
      options: 1,
    },
    'guard.defer, on': {
      working: () => [
        (on: never) => guard.defer(asking() as never, { within: '6h', id: 'k', on }),
        { user: 'u', project: 'p' },
      ],
      options: 0,
    },
    'guard.deferred': { working: () => [guard.deferred, 'i'] },
    'deferred.result': {
      working: () => [
        (options: object) => guard.deferred('none').result(options).catch(unlessUnknown),
        { signal: signal() },
      ],
      options: 0,
    },
  }
}

function unlessUnknown(error: unknown): void {
  if (!(error instanceof sdk.DeferredCallError)) throw error
}

/** Batches, and single calls. */
function clientCalls({ client, jobId }: CallStage): Readonly<Record<string, PublicCall>> {
  const batches = sdk.openBatches({ client, ...shared() } as sdk.BatchesOptions)
  const job = batches.open(jobId)
  return {
    callWithCaching: {
      working: () => [sdk.callWithCaching, client, asking(), { ttl: '5m', ...calling() }],
      options: 2,
    },
    submitBatchJob: {
      working: () => [sdk.submitBatchJob, client, prompts(), { ...submitting(), ...shared() }],
      options: 2,
    },
    retrieveBatchResults: {
      working: () => [sdk.retrieveBatchResults, client, jobId, { ...reading(), ...shared() }],
      options: 2,
    },
    openBatches: { working: () => [sdk.openBatches, { client, ...shared() }], options: 0 },
    'batches.submit': { working: () => [batches.submit, prompts(), submitting()], options: 1 },
    'batches.open': { working: () => [batches.open, jobId] },
    'batches.findCreated': { working: () => [batches.findCreated, { items: 1, newestBefore: null }], options: 0 },
    'batches.estimate': {
      working: () => [
        batches.estimate,
        prompts(),
        { model: 'claude-haiku-5-5', maxTokens: 9, system: 's', outputTokens: 9 },
      ],
      options: 1,
    },
    'batches.run': {
      working: () => [
        (...args: Parameters<typeof batches.run>) => drain(batches.run(...args)),
        prompts(),
        { resubmissions: 0, order: 'any', jobId, onJob: nothing, ...submitting(), onProgress: nothing },
      ],
      options: 1,
    },
    ...Object.fromEntries(
      (['progress', 'cancel', 'wait', 'bill'] as const).map((name): [string, PublicCall] => [
        `job.${name}`,
        { working: () => [job[name], { signal: signal() }], options: 0 },
      ]),
    ),
    'job.results': { working: () => [(options: never) => drain(job.results(options)), reading()], options: 0 },
  }
}

/** Agents, and hooks for those of others. */
function agentCalls({ client, guard }: CallStage): Readonly<Record<string, PublicCall>> {
  const open = (options: sdk.AgentSessionOptions) => new sdk.AgentSession(options).close()
  const options = () => ({
    ...{ client, budgetUsd: 1, systemPrompt: 's', tools: [tool()], maxTurns: 3, maxTokens: 99, loop: { repeats: 3 } },
    ...{
      taskModels: { preset: 'current' },
      model: 'claude-haiku-5-5',
      caching: 'prefix',
      cacheTtl: '5m',
      toolTimeoutMs: 99,
    },
    ...{ params: { temperature: 1 }, guard, attribution: account(), runtime },
  })
  const running = () => ({
    tools: [tool()],
    maxTurns: 2,
    model: 'claude-haiku-5-5',
    signal: signal(),
    onEvent: nothing,
  })
  const state = () => ({ ...new sdk.AgentSession({ client }).toJSON() })
  const turn = (...args: Parameters<sdk.AgentSession['turn']>) => new sdk.AgentSession({ client }).turn(...args)
  const run = async (...args: Parameters<sdk.AgentSession['run']>) => {
    const { reason } = await new sdk.AgentSession({ client }).run(...args).result
    if (reason.kind === 'error') throw reason.error
  }
  return {
    AgentSession: { working: () => [open, options()], options: 0 },
    OptimizedAgentSession: {
      working: () => [(given: never) => new sdk.OptimizedAgentSession(given), { client }],
      options: 0,
    },
    'AgentSession, attribution': {
      working: () => [(attribution: never) => open({ client, attribution }), account()],
      options: 0,
    },
    'AgentSession, tool': {
      working: () => [(given: never) => open({ client, tools: [given] }), tool()],
      free: ['0.input_schema'],
    },
    'AgentSession.turn': { working: () => [turn, 'classify', 'Hi.', running()], options: 2 },
    'AgentSession.run': { working: () => [run, 'Hi.', { ...running(), task: 'classify' }], options: 1 },
    'AgentSession.resume': { working: () => [sdk.AgentSession.resume, state(), { client }] },
    guardHooks: {
      working: () => [
        sdk.guardHooks,
        null,
        { budgetUsd: 1, spentUsd: () => 0, session: 's', loop: { repeats: 3, maxCycleLen: 3 } },
      ],
      options: 1,
    },
    'guardHooks, source': { working: () => [sdk.guardHooks, { report: async () => [] }] },
  }
}

/** All of them. */
export function publicCalls(stage: CallStage): Readonly<Record<string, PublicCall>> {
  const calls = [storeCalls, guardCalls, clientCalls, agentCalls].map((of) => of(stage))
  return Object.assign({}, errorCalls, plainCalls, ...calls) as Readonly<Record<string, PublicCall>>
}
