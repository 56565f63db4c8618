/** The parts `loops` and `breaker` of the configuration. */

import { z } from 'zod'
import type { BreakerScope } from '../breaker/breaker.js'
import type { BreakerLimits, BreakerPolicy } from '../breaker/breaker-meter.js'
import { duration, strictObject, usd, word } from '../config/written-schema.js'
import { loopLimitsSchema } from './loop-limits-schema.js'
import type { ToolClass } from './loop-step.js'
import type { LoopPolicy } from './loop-verdict.js'

const mode = word(['enforce', 'observe', 'off'])
  .default('enforce')
  .describe('observe tells what it would have done, and does nothing; off does not look.')

const tool = strictObject({
  class: word(['poll', 'cursor', 'write', 'exempt']).describe(
    'poll waits for something; cursor moves on with every call; write changes something; exempt is never part of a loop.',
  ),
})

/** How loops are answered: {@link LoopPolicy}. */
export const loopsSchema = strictObject({
  mode,
  nudge: z
    .boolean()
    .default(false)
    .describe('Whether the model is told that it repeats itself, by a text behind the last message.'),
  onStop: word(['stop', 'downgrade-first'])
    .default('stop')
    .describe('downgrade-first lets a loop go on for two rounds with a cheaper model before it is stopped.'),
  noticeLimit: usd
    .nullable()
    .default(null)
    .describe('What a loop may cost that is only told of; above that it is stopped.'),
  tools: z.record(z.string().min(1).max(200), tool).default({}).describe('What tools are known to be, by their name.'),
  limits: loopLimitsSchema
    .prefault({})
    .describe('How often something must happen before a loop is told of, and before it is stopped.'),
}).transform(({ tools, ...policy }): LoopPolicy => {
  // Not an object literal: `__proto__` is a name like any other.
  const classes = new Map<string, ToolClass>(Object.entries(tools).map(([name, { class: kind }]) => [name, kind]))
  return { ...policy, tools: Object.fromEntries(classes) }
})

const spendPerMinute = strictObject({
  session: usd.optional(),
  key: usd.optional(),
  team: usd.optional(),
  model: usd.optional(),
})
  .default({})
  .describe('Dollars in a minute that open the breaker of a session, key, team or model.')

const errors = strictObject({
  share: z.number().gt(0).lt(1).default(0.5).describe('More than this share of the calls of a minute must fail.'),
  calls: z.int().min(1).max(10_000).default(20).describe('At least so many calls must have ended in it.'),
})
  .nullable()
  .default(null)
  .describe('Failing calls that open the breaker of a model.')

/** What opens breakers, and for how long: {@link BreakerPolicy}. */
export const breakerSchema = strictObject({
  mode,
  spendPerMinute,
  errors,
  loopStops: z
    .int()
    .min(1)
    .max(1_000)
    .nullable()
    .default(3)
    .describe('Loops stopped within ten minutes that open the breaker of a session.'),
  coolDown: duration({ ms: 1_800_000, words: 'half an hour' })
    .default(60_000)
    .describe('How long a breaker stays open before it lets a call try; twice as long each time that fails.'),
}).transform(({ spendPerMinute: spend, errors: failing, loopStops, coolDown, mode: how }): BreakerPolicy => {
  const limitsOf = (scope: BreakerScope): BreakerLimits => ({
    spendPerMinute: spend[scope] ?? null,
    errors: scope === 'model' ? failing : null,
    loopStops: scope === 'session' ? loopStops : null,
  })
  const limits = {
    session: limitsOf('session'),
    key: limitsOf('key'),
    team: limitsOf('team'),
    model: limitsOf('model'),
  }
  return { mode: how, limits, coolDownMs: coolDown }
})
