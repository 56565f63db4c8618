import { describe, expect, it, test } from 'vitest'
import { z } from 'zod'
import { defaultLoopLimits, loopLimitsOf } from './loop-limits.js'
import { breakerSchema, loopsSchema } from './loop-schema.js'

const problems = (schema: z.ZodType, input: unknown): string[] =>
  schema.safeParse(input).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []

describe('what is written about loops', () => {
  it('may be nothing: loops are stopped, and nothing else is done', () => {
    expect(loopsSchema.parse({})).toEqual({
      mode: 'enforce',
      nudge: false,
      onStop: 'stop',
      noticeLimit: null,
      tools: {},
      limits: {},
    })
  })

  it('says what tools are, whatever their names', () => {
    const written = '{"noticeLimit":"$2","tools":{"Bash":{"class":"poll"},"__proto__":{"class":"exempt"}}}'
    const { noticeLimit, tools } = loopsSchema.parse(JSON.parse(written))
    expect(noticeLimit).toBe(2_000_000_000)
    expect(Object.hasOwn(tools, 'Bash') && tools.Bash).toBe('poll')
    expect(Object.getPrototypeOf(tools)).toBe(Object.prototype)
  })

  it('moves the limits of single rules: a tier that is not named stays, unless the other has moved past it', () => {
    const written = { repeat: { stop: 8 }, nearRepeat: { stop: null }, sameResult: { stop: 2 }, growth: { notice: 50 } }
    expect(loopsSchema.parse({ limits: { ...written, spend: { stop: 0.5 }, poll: undefined } }).limits).toEqual({
      repeat: { notice: 3, stop: 8 },
      nearRepeat: { notice: 5, stop: null },
      sameResult: { notice: 2, stop: 2 },
      growth: { notice: 50, stop: 50 },
      spend: { notice: 0.5, stop: 0.5 },
    })
    const all = Object.keys(defaultLoopLimits).filter((name) => name !== 'growthTokens')
    const { limits } = loopsSchema.parse({ limits: Object.fromEntries(all.map((name) => [name, {}])) })
    expect(loopLimitsOf(limits)).toEqual(defaultLoopLimits)
  })

  it('names the rule that was meant, and says which limit cannot be one', () => {
    const limits = { repaet: { stop: 8 }, repeat: { notice: 6, stop: 5 }, growth: { stop: 0 }, poll: { notce: 1 } }
    expect(problems(loopsSchema, { limits })).toEqual([
      'limits.repeat: notice must not be above stop',
      'limits.poll: unknown key "notce", did you mean "notice"?',
      'limits.growth.stop: Too small: expected number to be >0',
      'limits: unknown key "repaet", did you mean "repeat"?',
    ])
  })

  it('is told all that is wrong, with the word that was meant', () => {
    expect(problems(loopsSchema, { mod: 'observe', onStop: 'downgrade', tools: { Bash: { class: 'polls' } } })).toEqual(
      [
        'onStop: must be one of stop, downgrade-first',
        'tools.Bash.class: must be one of poll, cursor, write, exempt, did you mean "poll"?',
        ': unknown key "mod", did you mean "mode"?',
      ],
    )
  })
})

describe('what is written about breakers', () => {
  it('may be nothing: only repeated loops and the limits of the API open one', () => {
    const { limits, ...rest } = breakerSchema.parse({})
    const never = { spendPerMinute: null, errors: null, loopStops: null }
    expect(rest).toEqual({ mode: 'enforce', coolDownMs: 60_000 })
    expect(limits).toEqual({ session: { ...never, loopStops: 3 }, key: never, team: never, model: never })
  })

  it('is read into exact values', () => {
    const written = { spendPerMinute: { team: '$20' }, errors: { share: 0.25 }, loopStops: null, coolDown: '2m' }
    const { limits, coolDownMs } = breakerSchema.parse(written)
    expect(coolDownMs).toBe(120_000)
    expect(limits.team.spendPerMinute).toBe(20_000_000_000)
    expect(limits.model.errors).toEqual({ share: 0.25, calls: 20 })
    expect(limits.session.loopStops).toBeNull()
  })

  it('is told all that is wrong', () => {
    const written = { spendPerMinute: { sesion: '$5' }, coolDown: '2h', errors: { share: 2 } }
    expect(problems(breakerSchema, written)).toEqual([
      'spendPerMinute: unknown key "sesion", did you mean "session"?',
      'errors.share: Too big: expected number to be <1',
      'coolDown: is half an hour at most',
    ])
  })
})

test('editors get a schema of both', () => {
  for (const schema of [loopsSchema, breakerSchema]) {
    expect(z.toJSONSchema(schema, { io: 'input' })).toMatchObject({ type: 'object', additionalProperties: false })
  }
})
