/** Who is signed in. */

import { z } from 'zod'

/** What somebody may do: look, operate (resume, hold, acknowledge), or change everything. */
export const roleSchema = z.enum(['viewer', 'operator', 'admin'])

/** What somebody may do. */
export type ApiRole = z.infer<typeof roleSchema>

/** Somebody who may use the API. */
const actorSchema = z
  .object({
    kind: z.enum(['local', 'admin-token', 'user']),
    id: z.string(),
    name: z.string(),
    role: roleSchema,
  })
  .meta({ id: 'Actor' })

/** Who asks, or how to sign in. */
export const sessionSchema = z
  .object({
    /** Null: sign in first. */
    actor: actorSchema.nullable(),
    /** Goes into the header `x-runguard-csrf` of everything that changes something; null where nothing has to. */
    csrfToken: z.string().nullable(),
    /** True if signing out means anything: not on a loopback address without sign-in. */
    canSignOut: z.boolean(),
    signIn: z.object({
      hasToken: z.boolean(),
      /** True if `GET oidc/start` leads to the sign-in of the organisation. */
      hasOidc: z.boolean(),
    }),
    version: z.string(),
    /** True where the upstream is a simulator: what is shown was never billed. */
    isSimulated: z.boolean(),
    /**
     * An event: whoever reads something after this answer, and listens at `/runguard/events?after=` it, misses nothing.
     * Null: sign in first.
     */
    lastEvent: z.string().nullable(),
  })
  .meta({ id: 'Session' })

/** Who asks, or how to sign in. */
export type ApiSession = z.infer<typeof sessionSchema>

/** What signs in. */
export const loginBody = z.strictObject({ token: z.string().min(1).max(1_000) })
