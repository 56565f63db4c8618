/** People who sign in. */

import { z } from 'zod'
import { listOf, moment, name } from './common.js'
import { roleSchema } from './session.js'

/** Somebody who signs in. */
export const userSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    role: roleSchema,
    isDisabled: z.boolean(),
    createdAt: moment,
    lastSeenAt: moment.nullable(),
  })
  .meta({ id: 'User' })

/** Somebody who signs in. */
export type ApiUser = z.infer<typeof userSchema>

/** All users. */
export const usersSchema = listOf(userSchema)

/** All users. */
export type ApiUsers = z.infer<typeof usersSchema>

/** A user as it is put. */
export const userBody = z.strictObject({
  name: name.max(200),
  email: z.string().max(320).nullish(),
  role: roleSchema,
  isDisabled: z.boolean().optional(),
})

/** A user as it is put. */
export type ApiUserBody = z.infer<typeof userBody>
