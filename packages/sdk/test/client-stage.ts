/** A simulated Claude API, guards and real clients for one test at a time. */

import Anthropic, { type ClientOptions } from '@anthropic-ai/sdk'
import { type RunningSimulator, type ServerOptions, startSimulator } from '@runguard/simulator'
import { createGuard, type Guard, type GuardOptions } from '../src/client/index.js'
import type { CallRecord } from '../src/core/cost/record.js'

/** What a test plays on. */
export interface ClientStage {
  readonly simulator: RunningSimulator
  /** Of every guard on this stage, in the order in which the calls ended. */
  readonly records: CallRecord[]
  /** A guard that waits for no money, unless the options say otherwise. */
  guard(options?: GuardOptions): Guard
  /** A client that does not retry, unless the options say otherwise. */
  client(options?: ClientOptions): Anthropic
  close(): Promise<void>
}

/** The smallest request; `content` may hold directives of the simulator. */
export function asking(content: string) {
  return { model: 'claude-opus-5-5', max_tokens: 1_000, messages: [{ role: 'user' as const, content }] }
}

/** Sets the stage; close it after the test. */
export async function openStage(options: ServerOptions = {}): Promise<ClientStage> {
  const simulator = await startSimulator(options)
  const records: CallRecord[] = []
  const guards: Guard[] = []
  return {
    simulator,
    records,
    guard: (chosen = {}) => {
      const guard = createGuard({ onRecord: (record) => records.push(record), waitForMoneyMs: 0, ...chosen })
      guards.push(guard)
      return guard
    },
    client: (chosen = {}) => new Anthropic({ apiKey: 'sk-ant-test', baseURL: simulator.url, maxRetries: 0, ...chosen }),
    close: async () => {
      await Promise.all(guards.map((guard) => guard.close()))
      await simulator.close()
    },
  }
}

/** What a promise rejects with; fails if it does not. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  const outcome = await Promise.resolve(promise).then(
    () => null,
    (error: unknown) => ({ error }),
  )
  if (outcome === null) throw new Error('nothing was thrown')
  return outcome.error
}
