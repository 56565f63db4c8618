/** The control plane: everything below `/runguard` that is not a probe. */

import { Hono } from 'hono'
import { openApiDocument } from './openapi.js'
import type { ReadyOperation } from './operation.js'
import { ApiProblem, notFound } from './problem.js'
import { answerProblem, type ControlApp, type RegisterParts, register, toHonoPath } from './register.js'
import type { StaticFiles } from './static-files.js'

/** What is served, and by whom. */
export interface AppParts extends RegisterParts {
  readonly operations: readonly ReadyOperation[]
  readonly version: string
  /** The dashboard; null where it is not there. */
  readonly files: StaticFiles | null
}

/** Puts the app together. */
export function createApp({ operations, files, version, ...parts }: AppParts): ControlApp {
  const app: ControlApp = new Hono()
  app.use(async (context, next) => {
    await next()
    for (const [name, value] of SECURITY_HEADERS) context.header(name, value)
  })
  for (const ready of operations) register(app, parts, ready)
  const document = openApiDocument(operations, version)
  register(app, parts, document)
  refuseOtherMethods(app, [...operations, document])
  app.get('/runguard', (context) => context.redirect('/runguard/', 308))
  app.get('/runguard/*', (context) => {
    const path = new URL(context.req.url).pathname.slice('/runguard/'.length)
    const isApi = path === 'api' || path.startsWith('api/')
    return (isApi ? null : files?.answer(path, context.req.raw.headers)) ?? answerProblem(context, notFound('page'))
  })
  app.notFound((context) => answerProblem(context, notFound('page')))
  app.onError((_, context) => answerProblem(context, new ApiProblem(500, 'failed', 'This could not be done.')))
  return app
}

/** Nothing of another origin runs in the dashboard, and nothing embeds it. */
const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  [
    'content-security-policy',
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
      "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
]

/** A path that is known says which methods it takes. */
function refuseOtherMethods(app: ControlApp, operations: readonly ReadyOperation[]): void {
  for (const path of new Set(operations.map(({ spec }) => spec.path))) {
    const known = operations.filter(({ spec }) => spec.path === path)
    const methods = known.map(({ spec }) => spec.method.toUpperCase())
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ')
    const problem = new ApiProblem(405, 'method-not-allowed', `This takes ${allow}.`, { headers: { allow } })
    app.all(toHonoPath(path), (context) => answerProblem(context, problem))
  }
}
