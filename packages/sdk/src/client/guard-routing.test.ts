import type Anthropic from '@anthropic-ai/sdk'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { asking, type ClientStage, openStage, rejection } from '../../test/client-stage.js'
import { compileBudgets, matchBudgets } from '../core/budget/budget.js'
import { identify } from '../core/budget/scope.js'
import { readConfig } from '../core/config/config.js'
import { nanoUsd, parseUsd } from '../core/cost/money.js'
import { BudgetExceededError, type BudgetInput, memoryStore, type Store } from './index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

const [haiku, sonnet, opus] = ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5']
const BUDGET: BudgetInput = {
  scope: 'everything',
  window: 'day',
  limit: '$10',
  degrade: [
    { at: 0.8, step: 'cheaper-tier' },
    { at: 0.9, step: 'lower-effort' },
    { at: 0.9, step: 'tighter-max-tokens', maxTokens: 300 },
  ],
}

/** Somebody else who shares the store spends so much under the same budget. */
async function spendElsewhere(store: Store, usd: number): Promise<void> {
  const reading = readConfig({ budgets: [BUDGET] })
  if (reading.kind === 'problems') throw new Error('no budget')
  const at = Date.now()
  const accounts = matchBudgets(compileBudgets(reading.config.budgets), identify({}, null, null), 'elsewhere', at)
  const [amount, hold] = [nanoUsd(parseUsd(usd)), `elsewhere-${usd}`]
  const settle = { kind: 'settle', hold, at, amount, isEstimate: false } as const
  const events = [{ kind: 'hold', hold, at, accounts, amount, owner: 'x', deadline: at + 60_000 } as const, settle]
  await store.post({ events, records: [] })
}

/** A conversation about a long text that is cached, after so many answers. */
function talk(answers: number): Anthropic.MessageCreateParamsNonStreaming {
  const system = [
    { type: 'text' as const, text: 'A long text. '.repeat(6_000), cache_control: { type: 'ephemeral' as const } },
  ]
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Begin.' }]
  for (let at = 0; at < answers; at++) {
    messages.push({ role: 'assistant', content: `Answer ${at}.` }, { role: 'user', content: `Go on ${at}.` })
  }
  return { model: opus, max_tokens: 1_000, system, messages }
}

function openProgram() {
  const store = memoryStore()
  const guard = stage.guard({ budgets: [BUDGET], store })
  const claude = guard.wrap(stage.client())
  const ask = async (request: Anthropic.MessageCreateParamsNonStreaming) => {
    const { response, data } = await claude.messages.create(request).withResponse()
    return {
      model: data.model,
      route: response.headers.get('x-runguard-route'),
      degraded: response.headers.get('x-runguard-degraded'),
    }
  }
  return { guard, store, ask }
}

it('at 80 % a budget sends new conversations to a cheaper model and leaves warm ones; at 100 % it refuses', async () => {
  const { guard, store, ask } = openProgram()
  expect(await ask(talk(0))).toEqual({ model: opus, route: null, degraded: null })
  await spendElsewhere(store, 8)
  // What others spend is heard of with the next hold.
  await ask(talk(1))
  expect(await ask(asking('Something new.'))).toEqual({
    model: sonnet,
    route: `${sonnet}; reason=budget`,
    degraded: 'cheaper-tier; at=0.8',
  })
  expect(await ask(talk(2))).toEqual({ model: opus, route: `${opus}; reason=conversation`, degraded: null })
  const [fresh, warm] = stage.records.slice(-2)
  expect(fresh?.requestedModel).toBe(opus)
  expect(fresh?.route?.savedNano).toBeGreaterThan(0)
  expect(fresh?.cost.nano).toBeLessThan(fresh?.route?.expectedAsked ?? 0)
  expect(warm?.usage?.parts[0]?.read).toBeGreaterThan(20_000)
  expect(warm?.degraded).toEqual([expect.objectContaining({ change: null, why: 'would lose the warm cache' })])
  await guard.flush()
  const [account] = await store.balances({})
  await spendElsewhere(store, (parseUsd(10) - (account?.spent ?? 0)) / 1e9)
  const refused = await rejection(ask(asking('More.')))
  expect(refused).toBeInstanceOf(BudgetExceededError)
})

it('a new conversation stays where others have warmed the prompt that it begins with, if that is cheaper', async () => {
  const { store, ask } = openProgram()
  await ask(talk(0))
  await spendElsewhere(store, 8)
  await ask(talk(1))
  const alike = { ...talk(0), messages: [{ role: 'user' as const, content: 'Something else.' }] }
  expect(await ask(alike)).toMatchObject({ model: opus, degraded: null })
  const { usage, degraded, route } = stage.records.at(-1) ?? {}
  expect(usage?.parts[0]?.read).toBeGreaterThan(20_000)
  expect(degraded).toMatchObject([{ change: null, why: 'would cost no less' }])
  // What it was expected to cost is what it cost, but for the length of the answer.
  expect(route?.expected).toBeLessThan(2 * (stage.records.at(-1)?.cost.nano ?? 0))
})

it('at 90 % effort and max_tokens go down too, and each step is in the record', async () => {
  const { store, ask } = openProgram()
  await spendElsewhere(store, 9.2)
  const { degraded } = await ask(asking('Something new.'))
  expect(degraded).toBe('cheaper-tier; at=0.8, lower-effort; at=0.9, tighter-max-tokens; at=0.9')
  expect(stage.records.at(-1)?.degraded?.map(({ change }) => change)).toEqual([
    `${opus} → ${sonnet}`,
    'effort high → low',
    'max_tokens 1000 → 300',
  ])
  expect(stage.simulator.log.at(-1)?.requestedModel).toBe(sonnet)
})

it('a declared task goes to its tier, and what is said of its answers is learned', async () => {
  const guard = stage.guard({ routing: { mode: 'route', tasks: { triage: 'small' } } })
  const session = guard.session({ task: 'triage' })
  const claude = session.wrap(stage.client())
  for (let n = 0; n < 5; n++) {
    expect((await claude.messages.create(asking(`Case ${n}`))).model).toBe(haiku)
    expect(await guard.feedback(stage.records.at(-1)?.id ?? '', false)).toBe(true)
  }
  expect((await claude.messages.create(asking('Case 6'))).model).toBe(sonnet)
  expect(stage.records.at(-1)?.route).toMatchObject({ reason: 'learned', task: 'triage' })
  expect(await guard.learned()).toEqual([
    expect.objectContaining({ task: 'triage', tier: 'small', evidence: expect.closeTo(5, 3) }),
  ])
})
