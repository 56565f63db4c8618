import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileBudgets } from '../budget/budget.js'
import { parseUsd } from '../cost/money.js'
import { configJsonSchema, readConfig } from './config.js'
import type { BudgetInput, GuardConfigInput } from './config-input.js'
import { nearestName } from './config-names.js'
import { readOptions } from './options.js'

const budgetsOf = (...budgets: readonly unknown[]) => {
  const reading = readConfig({ budgets })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets
}
const problemsOf = (input: unknown): string[] => {
  const reading = readConfig(input)
  return reading.kind === 'problems' ? reading.problems.map(({ path, message }) => `${path}: ${message}`) : []
}

describe('an override that would change nothing', () => {
  const idle = (scope: string, name: string) =>
    problemsOf({
      budgets: [{ scope, window: 'day', limit: 1, overrides: [{ scope: name, limit: 2, until: '2026-12-01' }] }],
    })

  it.each([
    ['user:*', 'user:bob', 'write the name alone: "bob"'],
    ['user:ann', 'bob', 'this budget counts "ann" alone: write that, or \'*\''],
    ['everything', 'bob', "everything has no names: write '*'"],
  ])('is a problem: %s has one for %s', (scope, name, message) => {
    expect(idle(scope, name)).toEqual([`budgets[0].overrides[0].scope: ${message}`])
  })

  it.each([
    ['user:*', 'bob'],
    ['user:ann', 'ann'],
    ['everything', '*'],
  ])('is none where the budget counts it: %s has one for %s', (scope, name) => {
    expect(idle(scope, name)).toEqual([])
  })
})

describe('a budget as people write it', () => {
  it('is read with everything that goes without saying', () => {
    expect(budgetsOf({ scope: 'team:research', limit: '$20', window: 'day' })).toEqual([
      {
        id: 'team:research/day',
        name: null,
        scope: { kind: 'team', name: 'research' },
        limit: parseUsd('20'),
        window: 'day',
        timeZone: 'UTC',
        mode: 'enforce',
        thresholds: [50, 80, 95, 100],
        isPaused: false,
        overrides: [],
      },
    ])
  })

  it('may say it all', () => {
    const written = {
      id: 'r',
      name: 'Research',
      scope: ' user:* ',
      limit: 0.000000001,
      window: 'month',
      timeZone: 'Europe/Berlin',
      mode: 'observe',
      thresholds: [100, 75, 75],
      paused: true,
      overrides: [
        { scope: 'alice', limit: '$50', until: '2026-12-01' },
        { scope: 'bob', limit: 50, until: '2026-12-01T12:00:00-05:00' },
        { scope: 'carol', limit: '0' },
      ],
    }
    expect(budgetsOf(written)[0]).toMatchObject({
      limit: 1,
      scope: { kind: 'user', name: '*' },
      thresholds: [75, 100],
      isPaused: true,
      overrides: [
        { scopeName: 'alice', until: Date.UTC(2026, 10, 30, 23) },
        { scopeName: 'bob', until: Date.UTC(2026, 11, 1, 17) },
        { scopeName: 'carol', limit: 0, until: null },
      ],
    })
  })

  it.each([
    ['everything', 'day', 'everything/day', '*'],
    ['session:*', undefined, 'session:*/session', '*'],
    ['request', undefined, 'request/request', '*'],
    ['project:a:b', 'week', 'project:a:b/week', 'a:b'],
  ])('of %s is known as what it is', (scope, window, id, name) => {
    expect(budgetsOf({ scope, window, limit: 1 })[0]).toMatchObject({ id, scope: { name } })
  })

  it('alerts at the usual shares, but for single calls, which have nothing ahead of them', () => {
    const thresholds = (written: object) => budgetsOf({ limit: 1, ...written })[0]?.thresholds
    expect(thresholds({ scope: 'session:*' })).toEqual([50, 80, 95, 100])
    expect(thresholds({ scope: 'request' })).toEqual([])
    expect(thresholds({ scope: 'request', thresholds: [100] })).toEqual([100])
    expect(thresholds({ scope: 'everything', window: 'day', thresholds: [] })).toEqual([])
  })

  it('has no steps where it counts each request by itself: they would never be due', () => {
    const degrade = [{ at: 0.8, step: 'defer' }]
    const idle = 'a budget that counts each request by itself has no steps: nothing of it is used before'
    const everything = { scope: 'everything', window: 'request' }
    expect(problemsOf({ budgets: [{ scope: 'request', limit: 1, degrade }] })).toEqual([`budgets[0].degrade: ${idle}`])
    expect(problemsOf({ budgets: [{ ...everything, limit: 1, degrade }] })).toEqual([`budgets[0].degrade: ${idle}`])
    expect(problemsOf({ budgets: [{ scope: 'request', limit: 1, degrade: [] }] })).toEqual([])
  })

  it('is not needed', () => {
    expect(readConfig(undefined)).toEqual({ kind: 'config', config: { budgets: [] } })
    expect(readConfig({})).toEqual({ kind: 'config', config: { budgets: [] } })
  })
})

describe('thresholds', () => {
  it('may be written with a percent sign, down to a hundredth of a percent', () => {
    const budget = { scope: 'everything', window: 'month', limit: 1 }
    const written = ['50%', '99.5 %', '80', 0.01, 1_000]
    expect(budgetsOf({ ...budget, thresholds: written })[0]?.thresholds).toEqual([0.01, 50, 80, 99.5, 1_000])
    for (const wrong of [0.009, 0, -5, 1_001, Number.NaN, '', '%', '5e1', '0x50', '50%%', '1001%', null, true]) {
      expect(problemsOf({ budgets: [{ ...budget, thresholds: [wrong] }] })).toEqual([
        "budgets[0].thresholds[0]: must be percent of the limit, from 0.01 to 1000: 80 or '80%'",
      ])
    }
  })
})

describe('what is wrong', () => {
  it('is reported all at once, each at its place, with the word that was meant', () => {
    const budgets = [
      { scope: 'taem:x', limit: '20 per day', window: 'daily', timezone: 'UTC' },
      { scope: 'user', limit: '$0.0000000001', timeZone: 'Europe/Atlantis', mode: 'enforced' },
      { scope: 'everything', limit: -1, thresholds: [0, 'x'] },
      { scope: 'request', window: 'day', limit: 1, overrides: [{ name: 'x', limit: 1, until: 'tomorrow' }] },
      'everything',
    ]
    expect(problemsOf({ budgets, bugdets: [] })).toEqual([
      'budgets[0].scope: unknown scope "taem", did you mean "team"?',
      `budgets[0].limit: not an amount in dollars: "20 per day" (write '$20' or '0.05')`,
      'budgets[0].window: must be one of request, session, hour, day, week, month, lifetime, did you mean "day"?',
      'budgets[0]: unknown key "timezone", did you mean "timeZone"?',
      'budgets[1].scope: say whose: "user:<name>", or "user:*" for each one by itself',
      'budgets[1].limit: finer than a billionth of a dollar: "$0.0000000001"',
      'budgets[1].timeZone: unknown time zone "Europe/Atlantis": write one like \'Europe/Berlin\'',
      'budgets[1].mode: must be one of enforce, observe, did you mean "enforce"?',
      "budgets[2].limit: not an amount in dollars: -1 (write '$20' or '0.05')",
      "budgets[2].thresholds[0]: must be percent of the limit, from 0.01 to 1000: 80 or '80%'",
      "budgets[2].thresholds[1]: must be percent of the limit, from 0.01 to 1000: 80 or '80%'",
      'budgets[3].overrides[0].scope: is missing, it must be a text',
      "budgets[3].overrides[0].until: must be a date, or a time with its offset: '2026-12-31' or '2026-12-31T18:00:00Z'",
      'budgets[3].overrides[0]: unknown key "name"',
      'budgets[4]: must have fields, such as id, name, scope, limit',
      ': unknown key "bugdets", did you mean "budgets"?',
      'budgets[2].window: say over which period: request, session, hour, day, week, month, lifetime',
      "budgets[3].window: a request has no other window than 'request'",
    ])
  })

  it('is said to a newcomer in words of the file', () => {
    const budget = { scope: 'everything', window: 'month', limit: 1 }
    const list = "must be a list of budgets; in a file each begins with a dash: '- scope: everything'"
    expect(problemsOf({ budgets: null })).toEqual(['budgets: is empty: write budgets below it, or leave it away'])
    expect(problemsOf({ budgets: budget })).toEqual([`budgets: ${list}`])
    expect(problemsOf({ budgets: '$20 a month' })).toEqual([`budgets: ${list}`])
    expect(problemsOf({ budgets: [{ ...budget, thresholds: '80', paused: 'yes', id: 7, name: '' }] })).toEqual([
      'budgets[0].id: must be a text',
      'budgets[0].name: must not be empty',
      'budgets[0].thresholds: must be a list of percents: [50, 80, 95, 100], or [] for none',
      'budgets[0].paused: must be true or false',
    ])
    expect(problemsOf('budgets')).toEqual([': must have fields, such as budgets, mode, unknownModel, onStoreFailure'])
  })

  it('is never said in the words of the parser, whatever stands where', () => {
    const wrong = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.double(), fc.constant(undefined))
    const keys = ['budgets', 'mode', 'unknownModel', 'waitForMoney', 'loops', 'breaker', 'routing', 'store']
    const fields = [
      'id',
      'name',
      'scope',
      'limit',
      'window',
      'timeZone',
      'mode',
      'thresholds',
      'paused',
      'overrides',
      'degrade',
    ]
    const budgets = fc.array(fc.dictionary(fc.constantFrom(...fields), wrong), { maxLength: 2 })
    const input = fc.oneof(wrong, fc.dictionary(fc.constantFrom(...keys), wrong), fc.record({ budgets }))
    const parserWords = /Invalid|Too (?:small|big)|expected|received/
    const messagesOf = (written: unknown): string => {
      const reading = readConfig(written)
      return reading.kind === 'problems' ? reading.problems.map(({ message }) => message).join('\n') : ''
    }
    fc.assert(
      fc.property(input, (written) => {
        expect(messagesOf(written)).not.toMatch(parserWords)
      }),
      { numRuns: 500 },
    )
  })

  it('includes two budgets that cannot be told apart', () => {
    const day = { scope: 'everything', window: 'day', limit: 1 }
    expect(problemsOf({ budgets: [day, { ...day, id: 'x' }, { ...day, limit: 2 }, { ...day, id: 'x' }] })).toEqual([
      'budgets[2].id: "everything/day" is the id of budgets[0] already: give one of them an id of its own',
      'budgets[3].id: "x" is the id of budgets[1] already: give one of them an id of its own',
    ])
  })

  it('includes keys that mean something to JavaScript', () => {
    const hostile = JSON.parse(
      '{"budgets":[{"scope":"everything","limit":1,"window":"day","__proto__":{"mode":"observe"}}]}',
    )
    expect(problemsOf(hostile)).toEqual(['budgets[0]: unknown key "__proto__"'])
    expect(problemsOf(JSON.parse('{"__proto__":{"budgets":[]}}'))).toEqual([': unknown key "__proto__"'])
    expect(problemsOf({ budgets: [{ scope: 'constructor:x', limit: 1, window: 'toString' }] })).toHaveLength(2)
  })
})

describe('what a file says besides budgets', () => {
  it('is read, and what it does not say is left to the defaults', () => {
    const written = {
      mode: 'observe',
      unknownModel: 'refuse',
      onStoreFailure: 'pass',
      waitForMoney: '1.5s',
      store: 'postgres://me:p%40ss@db/calls',
    }
    const { waitForMoney: _, ...same } = written
    expect(readConfig(written)).toEqual({ kind: 'config', config: { budgets: [], ...same, waitForMoneyMs: 1_500 } })
    expect(readConfig({ mode: undefined })).toEqual({ kind: 'config', config: { budgets: [] } })
  })

  it.each([
    ['500ms', 500],
    ['0s', 0],
    [' 2 m ', 120_000],
    ['10m', 600_000],
  ])('waits %s for money', (waitForMoney, waitForMoneyMs) => {
    expect(readConfig({ waitForMoney })).toMatchObject({ config: { waitForMoneyMs } })
  })

  it('is wrong with its place and the word that was meant, and an address is never repeated', () => {
    const address = 'postgres://me:p/secret@db/calls'
    expect(
      problemsOf({ mode: 'observ', onStorefailure: 'pass', unknownModel: 3, waitForMoney: 30, store: address }),
    ).toEqual([
      'mode: must be one of enforce, observe, did you mean "observe"?',
      'unknownModel: must be one of refuse, dearest, flag',
      "waitForMoney: must be a time with its unit: '30s', '500ms' or '2m'",
      expect.stringMatching(/^store: must be the address of a PostgreSQL server: postgres:(?!.*secret)/),
      ': unknown key "onStorefailure", did you mean "onStoreFailure"?',
    ])
    expect(problemsOf({ waitForMoney: '11m' })).toEqual(['waitForMoney: is ten minutes at most'])
    for (const wait of ['30', '-1s', '1h', '1e3s', 's', 'NaNs', '9'.repeat(400)]) {
      expect(problemsOf({ waitForMoney: wait })).toHaveLength(1)
    }
  })
})

describe('the options of a program', () => {
  it('are read as a file is, with everything a budget can say', () => {
    const budget: Required<BudgetInput> = {
      id: 'a',
      name: 'A',
      scope: 'user:*',
      limit: '$2',
      window: 'day',
      timeZone: 'Europe/Berlin',
      mode: 'observe',
      thresholds: [90],
      paused: true,
      overrides: [{ scope: 'bob', limit: 3, until: '2026-12-01' }],
      degrade: [{ at: 0.8, step: 'cheaper-tier' }],
    }
    const settings: Required<
      Omit<GuardConfigInput, 'budgets' | 'loops' | 'breaker' | 'caching' | 'routing' | 'defer'>
    > = {
      mode: 'enforce',
      unknownModel: 'flag',
      onStoreFailure: 'refuse',
      waitForMoneyMs: 0,
    }
    const [store, runtime] = ['post report forgetSessions', 'now tick schedule sleep'].map((methods) =>
      Object.fromEntries(methods.split(' ').map((method) => [method, () => {}])),
    )
    const live = { store, runtime, onRecord: () => {}, onAlert: () => {} }
    const { budgets, ...rest } = readGood({ budgets: [budget], ...settings, ...live })
    expect(rest).toEqual(settings)
    expect(budgets).toEqual(budgetsOf(budget))
    expect(readGood(undefined)).toEqual({ budgets: [] })
  })

  it('say of loops and breakers what a file says', () => {
    const written: GuardConfigInput = {
      loops: {
        mode: 'observe',
        nudge: true,
        noticeLimit: '$1',
        tools: { ls: { class: 'poll' }, edit: { class: 'write' } },
      },
      breaker: { spendPerMinute: { model: '$20' }, errors: { calls: 5 }, loopStops: null, coolDown: '2m' },
    }
    const { loops, breaker } = readGood(written)
    expect(readConfig(written)).toEqual({ kind: 'config', config: { budgets: [], loops, breaker } })
    expect(loops).toMatchObject({ mode: 'observe', onStop: 'stop', tools: { ls: 'poll', edit: 'write' } })
    expect(breaker).toMatchObject({
      mode: 'enforce',
      coolDownMs: 120_000,
      limits: {
        model: { spendPerMinute: parseUsd('20'), errors: { share: 0.5, calls: 5 } },
        session: { loopStops: null },
      },
    })
    expect(problemsOf({ loops: { mod: 'off' }, breaker: { coolDown: '2h' } })).toEqual([
      expect.stringMatching(/^loops: unknown key "mod", did you mean "mode"\?/),
      expect.stringMatching(/^breaker\.coolDown: is half an hour at most/),
    ])
  })

  it('are wrong all at once, live parts included', () => {
    const reading = readOptions({
      budget: [],
      waitForMoneyMs: -1,
      store: 'memory',
      onAlert: 1,
      budgets: [{ scope: 'user' }],
    })
    expect(reading.kind === 'problems' && reading.problems.map(({ path }) => path)).toEqual([
      'budgets[0].scope',
      'budgets[0].limit',
      'waitForMoneyMs',
      'store',
      'onAlert',
      '',
    ])
  })
})

function readGood(options: unknown) {
  const reading = readOptions(options)
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config
}

describe('anything at all', () => {
  const scope = fc.oneof(
    fc.constantFrom('everything', 'user:*', 'tag:a', 'session:*', 'request'),
    fc.string(),
    fc.jsonValue(),
  )
  const window = fc.oneof(fc.constantFrom('day', 'month', undefined), fc.jsonValue())
  const limit = fc.oneof(fc.double(), fc.nat(100), fc.string(), fc.constantFrom('$1', '$0.5'))
  const entry = fc.oneof(
    fc.record({ scope, window, limit }),
    fc.record({ scope, limit, id: fc.string() }),
    fc.jsonValue(),
  )

  it('is either a configuration that can be used, or a list of problems', () => {
    fc.assert(
      fc.property(fc.oneof(fc.record({ budgets: fc.array(entry) }), fc.jsonValue()), (input) => {
        const reading = readConfig(input)
        if (reading.kind === 'problems') expect(reading.problems.length).toBeGreaterThan(0)
        else expect(compileBudgets(reading.config.budgets).byId.size).toBe(reading.config.budgets.length)
      }),
      { numRuns: 500 },
    )
  })
})

describe('for editors', () => {
  it('there is a JSON Schema of what people write', () => {
    expect(configJsonSchema()).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: {
        budgets: {
          items: {
            required: ['scope', 'limit'],
            properties: {
              limit: { type: ['string', 'number'] },
              window: { enum: expect.arrayContaining(['day']) },
            },
          },
        },
      },
    })
  })
})

describe('the nearest name', () => {
  it.each([
    ['time_zone', 'timeZone'],
    ['treshold', 'thresholds'],
    ['limti', 'limit'],
    ['x', null],
    ['completely different', null],
  ])('to %s is %s', (written, nearest) => {
    expect(nearestName(written, ['timeZone', 'thresholds', 'limit', 'paused'])).toBe(nearest)
  })

  it('is not looked for without end', () => {
    expect(nearestName('limit'.repeat(100_000), ['limit'])).toBeNull()
  })
})
