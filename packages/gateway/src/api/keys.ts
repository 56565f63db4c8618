/** Gateway keys. */

import { z } from 'zod'
import { moment, name, pageOf, pageQuery } from './common.js'

/** A key. What it consists of is shown once, when it is made. */
export const keySchema = z
  .object({
    /** The part of it that may be shown: how it begins, behind `rgk_`. */
    id: z.string(),
    name: z.string(),
    team: z.string().nullable(),
    user: z.string().nullable(),
    project: z.string().nullable(),
    status: z.enum(['active', 'expired', 'revoked']),
    createdAt: moment,
    createdBy: z.string(),
    expiresAt: moment.nullable(),
    revokedAt: moment.nullable(),
    rotatedAt: moment.nullable(),
    /** About when, to the minute. */
    lastUsedAt: moment.nullable(),
  })
  .meta({ id: 'Key' })

/** A key. */
export type ApiKey = z.infer<typeof keySchema>

/** Which page of them, the newest first. */
export const keysQuery = pageQuery

/** A page of keys. */
export const keysSchema = pageOf(keySchema)

/** A page of keys. */
export type ApiKeys = z.infer<typeof keysSchema>

/** A key that is to be made. */
export const keyBody = z.strictObject({
  name: name.max(200),
  team: name.max(200).nullish(),
  user: name.max(200).nullish(),
  project: name.max(200).nullish(),
  expiresAt: moment.nullish(),
})

/** A key that is to be made. */
export type ApiKeyBody = z.infer<typeof keyBody>

/** How long the old one of a rotated key still works. */
export const rotateBody = z.strictObject({
  graceMs: z
    .int()
    .min(0)
    .max(30 * 86_400_000)
    .optional(),
})

/** A new key, the only time that it is shown. */
export const newKeySchema = z.object({ key: keySchema, secret: z.string() }).meta({ id: 'NewKey' })

/** A new key, the only time that it is shown. */
export type ApiNewKey = z.infer<typeof newKeySchema>
