import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { type CascadeStep, planCascade, whyNotRepeated } from './cascade.js'
import { estimateSuccess } from './outcomes.js'

const said = (good: number, bad: number, eachNano = 0) =>
  estimateSuccess([{ day: 0, good, bad, costNano: (good + bad) * eachNano }], 0)
const step = (tier: string, listedNano: number, more: Partial<CascadeStep> = {}): CascadeStep => {
  return { tier, model: `model-${tier}`, listedNano, success: estimateSuccess([], 0), lack: null, ...more }
}
const triedOf = (steps: readonly CascadeStep[]) => planCascade(steps).tries.map(({ tier }) => tier)

describe('a cascade', () => {
  it('tries what is much cheaper, as long as nothing is known of it', () => {
    expect(triedOf([step('small', 1), step('medium', 20), step('large', 100)])).toEqual(['small', 'medium', 'large'])
  })

  it('passes over a tier that is hardly cheaper: four of five successes do not pay for it', () => {
    const plan = planCascade([step('medium', 85_000), step('large', 100_000)])
    expect(plan.tries.map(({ tier }) => tier)).toEqual(['large'])
    expect(plan.skipped).toEqual([
      { tier: 'medium', model: 'model-medium', why: 'a try costs $0.000085 and spares $0.0001 in 80 % of cases' },
    ])
  })

  it('passes over a tier that rarely passes at the task, and tries it where it passes', () => {
    const steps = (good: number, bad: number) => [step('small', 20, { success: said(good, bad) }), step('large', 100)]
    expect(triedOf(steps(0, 40))).toEqual(['large'])
    expect(triedOf(steps(40, 10))).toEqual(['small', 'large'])
  })

  it('goes by what tasks have cost, once that is known of all: cheap tokens may be many', () => {
    const steps = [step('small', 10, { success: said(9, 1, 95) }), step('large', 100, { success: said(10, 0, 100) })]
    expect(triedOf(steps)).toEqual(['large'])
    expect(triedOf([steps[0] as CascadeStep, step('large', 100)])).toEqual(['small', 'large'])
  })

  it('passes over a model that cannot take the request, but for the last one', () => {
    const lack = 'has no fast mode'
    expect(planCascade([step('small', 1, { lack }), step('large', 9, { lack })])).toMatchObject({
      tries: [{ tier: 'large' }],
      skipped: [{ tier: 'small', why: lack }],
    })
  })

  it('is never expected to cost more than its last tier at once, nor more than any other choice of tries', () => {
    const any = fc.record({ cost: fc.nat(1_000_000), good: fc.nat(50), bad: fc.nat(50) })
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 5 }), (list) => {
        const steps = list.map(({ cost, good, bad }, at) => {
          return step(`t${at}`, cost, { success: { ...said(good, bad), evidence: 0 } })
        })
        const { expectedNano } = planCascade(steps)
        for (let choice = 0; choice < 2 ** (steps.length - 1); choice++) {
          let other = 0
          for (const [back, { listedNano, success }] of [...steps].reverse().entries()) {
            if (back === 0) other = listedNano
            else if ((choice >> (back - 1)) & 1) other = listedNano + (1 - success.mean) * other
          }
          expect(expectedNano).toBeLessThanOrEqual(other * (1 + 1e-9) + 1e-9)
        }
      }),
    )
  })
})

describe('a request that may be made again', () => {
  const why = (body: object) =>
    whyNotRepeated(
      scanCall(new TextEncoder().encode(JSON.stringify({ model: 'm', max_tokens: 9, messages: [], ...body }))),
    )
  it.each([
    [{ messages: [{ role: 'user', content: 'x' }] }, null],
    [{ tools: [{ name: 'pay', input_schema: {} }] }, null],
    [{ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, null],
    [
      { tools: [{ type: 'code_execution_20250825', name: 'c' }] },
      'the API runs the tool code_execution_20250825 by itself',
    ],
    [{ tools: [{ type: 'mcp_toolset', mcp_server_name: 'x' }] }, 'the API runs the tool mcp_toolset by itself'],
    [{ container: 'c_1' }, 'it goes on from what the API keeps'],
    [
      {
        messages: [
          { role: 'user', content: 'x' },
          { role: 'assistant', content: [{ type: 'thinking', thinking: 't', signature: 's' }] },
          { role: 'user', content: 'y' },
        ],
      },
      'the conversation is bound to its model',
    ],
  ])('%j: %s', (body, expected) => {
    expect(why(body)).toBe(expected)
  })
})
