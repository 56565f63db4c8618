/** What a configuration may say of who uses a gateway. */

import { z } from 'zod'
import { strictObject, word } from '../config/written-schema.js'
import type { AccessPolicy, OidcPolicy } from './access-policy.js'
import { roles } from './role.js'

/** Weaker ones can be guessed. */
const MIN_TOKEN_LENGTH = 32

/** A variable of the environment, as a file refers to it. */
function reference(name: string): string {
  return `'$\{${name}}'`
}

/** Says nothing of what was written: it is a secret. */
const secret = z
  .string({ error: `must be a text; keep it in the environment: ${reference('NAME')}` })
  .trim()
  .min(1, { error: 'must not be empty' })
  .max(1_000, { error: 'is too long for a key' })
  .regex(/^[\x21-\x7e]+$/, { error: 'has characters that no header can hold' })

const line = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'has control characters')

const LOOPBACK = /^http:\/\/(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?=[:/]|$)/

function url(example: string) {
  const message = `must be an address such as ${example}, with https except on this machine`
  return z
    .string({ error: message })
    .trim()
    .refine((written) => isSafeUrl(written), { error: message })
    .transform((written) => written.replace(/\/+$/, ''))
}

function isSafeUrl(written: string): boolean {
  if (!URL.canParse(written)) return false
  const { protocol, username, search, hash } = new URL(written)
  return `${username}${search}${hash}` === '' && (protocol === 'https:' || LOOPBACK.test(written))
}

const host = line
  .regex(/^[a-z0-9.-]+$/i, { error: 'must be the name of a host, such as runguard.example.com' })
  .transform((name) => name.toLowerCase())

const role = word(roles)

const rolesByClaim = strictObject({
  claim: line.describe("The claim that is looked at, such as 'groups'."),
  values: z.record(line, role).describe('Which value makes somebody what; the greatest counts.'),
})

const oidc = strictObject({
  issuer: url('https://login.example.com').describe('The address of the sign-in.'),
  clientId: line.describe('As what RunGuard is registered there.'),
  clientSecret: secret.optional().describe(`Its secret, by reference: ${reference('OIDC_CLIENT_SECRET')}.`),
  name: line.optional().describe('What the button says.'),
  scopes: z.array(line).optional().describe('What is asked for: openid, email and profile by default.'),
  claim: line.optional().describe("The claim with the address of a user: 'email' by default."),
  roles: rolesByClaim.optional().describe('Roles by what the sign-in says; without, each user has a role here.'),
  domains: z.array(host).optional().describe('People with an address in these domains are added when they first come.'),
  newUsers: role.optional().describe('As what they are added, unless roles say something else.'),
}).refine(({ newUsers, domains = [] }) => newUsers === undefined || domains.length > 0, {
  path: ['domains'],
  error: 'say which domains: otherwise anybody with an account there would be let in',
})

/** Who may use a gateway. */
export const accessSchema = strictObject({
  requireKeys: z.boolean().default(false).describe('Calls without a gateway key are refused.'),
  requireLogin: z.boolean().default(false).describe('Whoever opens the control plane signs in, also on this machine.'),
  upstreamKey: secret
    .optional()
    .describe(`The key of the API that calls with a gateway key are sent with: ${reference('ANTHROPIC_API_KEY')}.`),
  adminToken: secret
    .min(MIN_TOKEN_LENGTH, { error: `must have at least ${MIN_TOKEN_LENGTH} characters` })
    .optional()
    .describe(`What an administrator signs in with, by reference: ${reference('RUNGUARD_ADMIN_TOKEN')}.`),
  publicUrl: url('https://runguard.example.com').optional().describe('Where browsers reach the gateway.'),
  hosts: z.array(host).default([]).describe('More names by which it is reached.'),
  trustProxy: z
    .boolean()
    .default(false)
    .describe('Who asks is who x-forwarded-for says last: only where nobody gets here but through a proxy of yours.'),
  oidc: oidc.optional().describe('The sign-in of an organisation (OpenID Connect).'),
})
  .refine((access) => access.oidc === undefined || access.publicUrl !== undefined, {
    path: ['publicUrl'],
    error: 'is needed for oidc: the sign-in sends people back there',
  })
  .transform(toPolicy)

function toPolicy({ upstreamKey, adminToken, publicUrl, oidc: signIn, ...rest }: WrittenAccess): AccessPolicy {
  return {
    ...rest,
    upstreamKey: upstreamKey ?? null,
    adminToken: adminToken ?? null,
    publicUrl: publicUrl ?? null,
    oidc: signIn === undefined ? null : toOidc(signIn),
  }
}

function toOidc({ roles: byClaim, ...written }: z.output<typeof oidc>): OidcPolicy {
  return {
    issuer: written.issuer,
    clientId: written.clientId,
    clientSecret: written.clientSecret ?? null,
    name: written.name ?? new URL(written.issuer).host,
    scopes: written.scopes ?? ['openid', 'email', 'profile'],
    claim: written.claim ?? 'email',
    roles: byClaim === undefined ? null : { ...byClaim, values: new Map(Object.entries(byClaim.values)) },
    domains: written.domains ?? [],
    newUsers: written.newUsers ?? null,
  }
}

interface WrittenAccess {
  readonly requireKeys: boolean
  readonly requireLogin: boolean
  readonly upstreamKey?: string | undefined
  readonly adminToken?: string | undefined
  readonly publicUrl?: string | undefined
  readonly hosts: readonly string[]
  readonly trustProxy: boolean
  readonly oidc?: z.output<typeof oidc> | undefined
}
