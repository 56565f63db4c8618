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
    /** Signs in with a token of their own. */
    hasToken: z.boolean(),
    /** Has used the sign-in of the organisation. */
    hasSignedIn: z.boolean(),
    lastLoginAt: moment.nullable(),
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
  /** True: a token to sign in with, the only one from then on; somebody new gets one unless this is false. */
  newToken: z.boolean().optional(),
})

/** Somebody as they are now, and their new token, the only time that it is shown. */
export const changedUserSchema = z
  .object({ user: userSchema, token: z.string().nullable() })
  .meta({ id: 'ChangedUser' })

/** Somebody as they are now, and their new token. */
export type ApiChangedUser = z.infer<typeof changedUserSchema>

/** A user as it is put. */
export type ApiUserBody = z.infer<typeof userBody>
