/** The schema of the options of `createGuard`: what a gateway alone has is no part of it, and is not loaded for it. */

import { z } from 'zod'
import { asObject } from '../body/json-object.js'
import { deferOptionsSchema } from '../defer/defer-schema.js'
import { commonSettings, MAX_WAIT_MS } from './settings-schema.js'
import { strictObject } from './written-schema.js'

/** @param methods by which it is known */
function part(what: string, methods: readonly string[]) {
  const isPart = (value: unknown): boolean => methods.every((method) => typeof asObject(value)[method] === 'function')
  return z.custom<object>(isPart, { error: `must be ${what}` }).optional()
}

const listener = z
  .custom<() => void>((value) => typeof value === 'function', { error: 'must be a function' })
  .optional()

/** The options of `createGuard`. */
export const optionsSchema = strictObject({
  ...commonSettings,
  waitForMoneyMs: z.int().min(0).max(MAX_WAIT_MS).optional(),
  store: part('a store, such as memoryStore()', ['post', 'report', 'forgetSessions']),
  runtime: part('a runtime, such as systemRuntime()', ['now', 'tick', 'schedule', 'sleep']),
  defer: deferOptionsSchema.optional(),
  client: part('a client of @anthropic-ai/sdk, such as new Anthropic()', ['get', 'post']),
  onRecord: listener,
  onAlert: listener,
  onLoop: listener,
  onBreaker: listener,
})
