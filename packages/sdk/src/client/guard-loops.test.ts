import type Anthropic from '@anthropic-ai/sdk'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ClientStage, openStage, rejection } from '../../test/client-stage.js'
import type { Breaker } from '../core/breaker/breaker.js'
import type { LoopEvent } from '../engine/engine.js'
import { BreakerOpenError, type GuardOptions, LoopDetectedError } from './index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

/** The request of an agent that has made the same call so many times since a person wrote. */
function looping(rounds: number): Anthropic.MessageCreateParamsNonStreaming {
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Go. [[sim:looping look {}]]' }]
  for (let round = 0; round < rounds; round++) {
    const id = `toolu_${round}`
    messages.push({ role: 'assistant', content: [{ type: 'tool_use', id, name: 'look', input: {} }] })
    messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'nothing' }] })
  }
  return {
    model: 'claude-opus-5-5',
    max_tokens: 100,
    messages,
    tools: [{ name: 'look', input_schema: { type: 'object' } }],
  }
}

/** What the answers to five rounds say of a loop, as far as they come. */
function course(options: GuardOptions) {
  const events: LoopEvent[] = []
  const claude = stage.guard({ ...options, onLoop: (event) => events.push(event) }).wrap(stage.client())
  const headers: (string | null)[] = []
  const ask = async (rounds: number): Promise<void> => {
    const { response } = await claude.messages.create(looping(rounds)).withResponse()
    headers.push(response.headers.get('x-runguard-loop'))
  }
  return { ask, headers, told: () => events.map(({ loop }) => loop.action) }
}

it('a loop ends in an error that tells of it, before the call is sent', async () => {
  const { ask, headers, told } = course({})
  for (let rounds = 0; rounds < 4; rounds++) await ask(rounds)
  expect(headers).toEqual([null, null, null, 'notice; rule=repeat; repeats=3'])
  const error = await rejection(ask(4))
  expect(error).toBeInstanceOf(LoopDetectedError)
  expect(error).toMatchObject({ code: 'runguard_loop_detected', match: { repeats: 4, cycle: ['look'] } })
  expect(told()).toEqual(['notice', 'stop'])
  expect(stage.simulator.log).toHaveLength(4)
})

it('loops are only told of in observe, and not looked for where that is off', async () => {
  for (const mode of ['observe', 'off'] as const) {
    const { ask, headers, told } = course({ loops: { mode } })
    for (let rounds = 0; rounds < 6; rounds++) await ask(rounds)
    expect(told()).toEqual(mode === 'off' ? [] : ['notice', 'stop'])
    expect(headers[4]).toBe(mode === 'off' ? null : 'stop; rule=repeat; repeats=4; observed')
  }
})

it('a breaker that opens is told of, and the next call ends in an error that says when to come again', async () => {
  const opened: Breaker[] = []
  const options = {
    breaker: { spendPerMinute: { model: 0.000001 } },
    onBreaker: (breaker: Breaker) => opened.push(breaker),
  }
  const claude = stage.guard(options).wrap(stage.client())
  await claude.messages.create(looping(0))
  await expect.poll(() => opened.map(({ key }) => key)).toEqual(['model:claude-opus-5-5'])
  const error = await rejection(claude.messages.create(looping(1)))
  expect(error).toBeInstanceOf(BreakerOpenError)
  expect((error as BreakerOpenError).retryAfterSec).toBeGreaterThan(50)
})
