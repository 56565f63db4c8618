/** Sessions whose calls are refused, or whose answers are ended, for another reason than money or loops. */

import Anthropic from '@anthropic-ai/sdk'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { asking } from '../../../test/client-stage.js'
import { BreakerOpenError } from '../../core/refusal/refusal-error.js'
import { changeBreaker } from '../../engine/changed-breaker.js'
import { type Runtime, systemRuntime } from '../../engine/runtime.js'
import { memoryStore } from '../../store/memory.js'
import type { SessionStore } from '../../store/session-store.js'
import type { Store } from '../../store/store.js'
import { createGuard } from '../guard.js'
import type { Guard } from '../guard-types.js'
import type { AgentEvent, AgentRun } from './agent-events.js'
import { AgentSession } from './agent-session.js'

let simulator: RunningSimulator
let client: Anthropic
let store: Store & SessionStore
let guard: Guard
let agent: AgentSession

beforeEach(async () => {
  simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  store = memoryStore()
  guard = createGuard({ store, runtime: hurried() })
  onTestFinished(() => guard.close())
  client = new Anthropic({ baseURL: simulator.url, apiKey: 'sk-ant-test-0000', maxRetries: 0 })
  agent = new AgentSession({ client, guard, attribution: { id: 'job' } })
})

/** A guard looks after its store every few seconds: here a minute is a second. */
function hurried(): Runtime {
  const real = systemRuntime()
  return {
    ...real,
    tick: () => real.tick() * 60,
    schedule: (delayMs, task) => real.schedule(delayMs / 60, task),
  }
}

const hold = () => changeBreaker(store, 'session:job', { kind: 'hold', by: 'Ada', note: null, at: 1 })
const CUT = 'session "job" was stopped: held by Ada.'

/** A run whose answer an operator ends while it comes. */
function runHeld(onText: (run: AgentRun, text: string) => void = () => {}): AgentRun {
  let isHeld = false
  const onEvent = (event: AgentEvent): void => {
    if (event.kind !== 'text') return
    if (!isHeld) void hold()
    isHeld = true
    onText(run, event.text)
  }
  const run = agent.run('[[sim:text 5000]] [[sim:every 2]]', { onEvent })
  return run
}

test('an operator who holds the session ends its answer, and the run', async () => {
  const { reason, text } = await runHeld().result
  expect(reason.kind === 'error' && reason.error).toBeInstanceOf(BreakerOpenError)
  expect(reason).toMatchObject({ error: { details: { breaker: 'session:job', state: 'held' } } })
  expect(text).toContain(CUT)
})

test('calls that an operator holds are refused with the error of the family, in turns and in runs', async () => {
  await hold()
  await expect(agent.turn('reason', 'Hi.')).rejects.toBeInstanceOf(BreakerOpenError)
  const { reason } = await agent.run('Hi.').result
  expect(reason.kind === 'error' && reason.error).toBeInstanceOf(BreakerOpenError)
  expect(simulator.log).toEqual([])
})

test('a guard that was closed is told as what it is', async () => {
  await guard.close()
  await expect(agent.turn('reason', 'Hi.')).rejects.toMatchObject({ code: 'runguard_closed' })
})

test('what ended the answer of an earlier run does not end a later one', async () => {
  const early = runHeld((run, text) => text.includes(CUT) && run.abort())
  expect((await early.result).reason.kind).toBe('aborted')
  await changeBreaker(store, 'session:job', { kind: 'release', at: 2 })
  const other = guard.session({ id: 'job' }).wrap(client)
  const isReleased = () => other.messages.create(asking('Hi.')).then(Boolean, () => false)
  await expect.poll(isReleased).toBe(true)
  expect((await agent.run('Hi.').result).reason.kind).toBe('done')
})
