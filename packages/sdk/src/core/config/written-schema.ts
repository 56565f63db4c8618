/** What the parts of the configuration's schema are made of: words that people write, read into exact values. */

import { z } from 'zod'
import { parseUsd } from '../cost/money.js'
import { hint, quote } from './config-names.js'

/** An object without unknown keys; for one that looks like a slip, the key that was meant is named. */
export function strictObject<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'invalid_type') return `must have fields, such as ${known.slice(0, 4).join(', ')}`
      if (issue.code !== 'unrecognized_keys') return undefined
      return issue.keys.map((key) => `unknown key ${quote(key)}${hint(key, known)}`).join('; ')
    },
  })
}

const KIND_WORDS: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['record', 'names with their values'],
])

/** What is wrong with a value where its schema says nothing of its own; undefined where the words of zod will do. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const kind = KIND_WORDS.get(issue.expected)
      return kind === undefined ? undefined : `${issue.input === undefined ? 'is missing, it ' : ''}must be ${kind}`
    }
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty'
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
    case 'too_big':
      if (issue.origin === 'string') return `must have ${issue.maximum} characters at most`
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`
    default:
      return undefined
  }
}

/** One of some words. */
export function word<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, {
    error: ({ input }) => `must be one of ${words.join(', ')}${typeof input === 'string' ? hint(input, words) : ''}`,
  })
}

/** Dollars, as exact nano-dollars. */
export const usd = z
  .union([z.string(), z.number()], { error: "must be an amount in dollars: '$20' or 20" })
  .describe("Dollars: '$20', '0.05' or 20, down to a billionth of a dollar.")
  .transform((amount, context) => {
    try {
      return parseUsd(amount)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })

const unitMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
])
const EXAMPLES = "a time with its unit: '30s', '500ms' or '2m'"

/** A time with its unit, in milliseconds. @param most how long it may be, and how that is said: `ten minutes` */
export function duration(most: { readonly ms: number; readonly words: string }) {
  return z
    .string({ error: `must be ${EXAMPLES}` })
    .describe(`A time with its unit: '30s', '500ms' or '2m'; at most ${most.words}.`)
    .transform((written, context) => {
      const [, count, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|m|h)$/.exec(written.trim()) ?? []
      const ms = Math.round(Number(count) * (unitMs.get(unit) ?? Number.NaN))
      if (ms <= most.ms) return ms
      context.addIssue({
        code: 'custom',
        message: Number.isNaN(ms) ? `must be ${EXAMPLES}` : `is ${most.words} at most`,
      })
      return z.NEVER
    })
}
