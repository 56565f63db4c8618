import { describe, expect, it } from 'vitest'
import { readConfig } from '../config/config.js'
import { defaultRoutePolicy } from './routing.js'

const routingOf = (routing: unknown) => {
  const reading = readConfig({ routing })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.routing
}
const problemsOf = (input: unknown): string[] => {
  const reading = readConfig(input)
  return reading.kind === 'problems' ? reading.problems.map(({ path, message }) => `${path}: ${message}`) : []
}

describe('routing in a configuration', () => {
  it('is off, with the usual tiers and tasks, unless it is said otherwise', () => {
    expect(routingOf({})).toEqual(defaultRoutePolicy)
    expect(readConfig({})).toEqual({ kind: 'config', config: { budgets: [] } })
  })

  it('adds to the usual tiers and tasks, or replaces them', () => {
    const routing = routingOf({
      mode: 'route',
      tiers: { huge: 'claude-fable-5-2', medium: 'claude-sonnet-4-6' },
      tasks: { triage: 'small', research: 'huge' },
      tags: { nightly: 'small' },
      longContentTokens: 90_000,
    })
    expect(routing?.tiers.get('huge')).toBe('claude-fable-5-2')
    expect(routing?.tiers.get('medium')).toBe('claude-sonnet-4-6')
    expect(routing?.tiers.get('small')).toBe('claude-haiku-5-5')
    expect([routing?.tasks.get('triage'), routing?.tasks.get('research'), routing?.tasks.get('extract')]).toEqual([
      'small',
      'huge',
      'small',
    ])
    expect(routing?.tags.get('nightly')).toBe('small')
  })

  it('knows tasks by names that mean something to JavaScript', () => {
    const routing = routingOf(JSON.parse('{"tasks":{"constructor":"small"},"tiers":{"toString":"claude-fable-5-2"}}'))
    expect(routing?.tasks.get('constructor')).toBe('small')
    expect(routing?.tasks.get('hasOwnProperty')).toBe(undefined)
  })

  it('says that a name cannot be used, and leaves none out in silence', () => {
    const cascade = '{"tiers":["small"],"verify":{"regex":"a"}}'
    const wrong = (routing: string) => problemsOf(JSON.parse(`{"routing":${routing}}`))
    expect(wrong(`{"cascades":{"__proto__":${cascade}}}`)).toEqual([
      'routing.cascades.__proto__: is a name that cannot be used',
    ])
    expect(wrong('{"tasks":{"__proto__":"small"}}')).toEqual(['routing.tasks.__proto__: is a name that cannot be used'])
    expect(wrong(`{"cascades":{"constructor":${cascade}}}`)).toEqual([])
  })

  it('tries no model again after it has failed', () => {
    const wrong = (tiers: readonly string[], more: object = {}) =>
      problemsOf({ routing: { ...more, cascades: { extract: { tiers, verify: { regex: 'a' } } } } })
    expect(wrong(['small', 'small'])).toEqual(['routing.cascades.extract.tiers: names the tier "small" twice'])
    expect(wrong(['small', 'tiny'], { tiers: { tiny: 'claude-haiku-5-5' } })).toEqual([
      'routing.cascades.extract.tiers: names two tiers of the same model: small and tiny',
    ])
    expect(wrong(['small', 'medium'])).toEqual([])
  })

  it('is wrong with its place and the word that was meant', () => {
    expect(
      problemsOf({
        routing: { mode: 'rout', tasks: { a: 'smal', b: 'claude-opus-5-5' }, tags: { c: 'big' }, tier: {}, floor: 2 },
      }),
    ).toEqual([
      'routing.mode: must be one of off, explain, route, did you mean "route"?',
      'routing.floor: must be at most 1',
      'routing: unknown key "tier", did you mean "tiers"?',
    ])
    expect(problemsOf({ routing: { tasks: { a: 'smal', b: 'claude-opus-5-5' }, tags: { c: 'huge one' } } })).toEqual([
      'routing.tasks.a: unknown tier "smal", did you mean "small"?',
      'routing.tasks.b: unknown tier "claude-opus-5-5", it must be one of small, medium, large',
      'routing.tags.c: unknown tier "huge one", it must be one of small, medium, large',
    ])
  })
})

describe('the ladder of a budget', () => {
  const budget = { scope: 'everything', window: 'day', limit: 1 }
  const ladderOf = (degrade: unknown) => {
    const reading = readConfig({ budgets: [{ ...budget, degrade }] })
    return reading.kind === 'problems'
      ? reading.problems.map((problem) => problem.message)
      : reading.config.budgets[0]?.degrade
  }

  it('is read in the order in which its steps come', () => {
    expect(
      ladderOf([
        { at: '100%', step: 'refuse' },
        { at: 0.9, step: 'lower-effort', to: 'medium' },
        { at: 0.8, step: 'cheaper-tier' },
        { at: '92.5 %', step: 'tighter-max-tokens' },
        { at: 0.95, step: 'defer' },
      ]),
    ).toEqual([
      { at: 0.8, action: { kind: 'cheaper-tier', to: null } },
      { at: 0.9, action: { kind: 'lower-effort', to: 'medium' } },
      { at: 0.925, action: { kind: 'tighter-max-tokens', maxTokens: 4_096 } },
      { at: 0.95, action: { kind: 'defer' } },
      { at: 1, action: { kind: 'refuse' } },
    ])
  })

  it.each([
    [[{ at: 80, step: 'refuse' }], "must be a share of the limit above 0: 0.8 or '80%', at most 1"],
    [[{ at: 0.8, step: 'cheaper' }], /^must be one of cheaper-tier, lower-effort/],
    [[{ at: 0.8, step: 'lower-effort', to: 'lo' }], 'unknown effort "lo", did you mean "low"?'],
    [[{ at: 0.8, step: 'refuse', to: 'low' }], 'refuse has none: it belongs to cheaper-tier and lower-effort'],
    [[{ at: 0.8, step: 'defer', to: 'batch' }], 'defer has none: it belongs to cheaper-tier and lower-effort'],
    [[{ at: 0.8, step: 'defered' }], /did you mean "defer"/],
    [[{ at: 0.8, step: 'refuse', maxTokens: 5 }], 'refuse has none: it belongs to tighter-max-tokens'],
    [[{ at: 0.8, step: 'refuse', When: 1 }], 'unknown key "When"'],
    ['refuse', /^must be a list of steps/],
    [[{ at: 0.5, step: 'cheaper-tier', to: 'smal' }], 'unknown tier "smal", did you mean "small"?'],
  ])('%j says what is wrong with it', (degrade, message) => {
    expect(ladderOf(degrade)).toEqual([typeof message === 'string' ? message : expect.stringMatching(message)])
  })
})
