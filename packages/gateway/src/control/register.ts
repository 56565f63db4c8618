/**
 * Registering: the one way in which an operation gets onto the control plane.
 *
 * Who asks and whether they may, the shapes of what came, the audit log, the shape of the answer and that of every
 * refusal are seen to here, so that no route can forget one of them.
 */

import type { HttpBindings } from '@hono/node-server'
import type { Log } from '@runguard/sdk/engine'
import type { Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { z } from 'zod'
import type { Access } from '../access/access.js'
import { type AuditParts, doAudited, type Noting } from './audited.js'
import type { Asker, ReadyOperation } from './operation.js'
import { ApiProblem } from './problem.js'

/** What every operation needs. */
export interface RegisterParts extends AuditParts {
  readonly access: Access
  readonly log: Log
}

/** The app that operations are registered on. */
export type ControlApp = Hono<{ Bindings: HttpBindings }>

/** As Hono gives it, with the connection under it. */
export type ControlContext = Context<{ Bindings: HttpBindings }>

/** Budgets with a thousand overrides fit. */
const MAX_BODY_BYTES = 512 * 1024

/** Adds an operation to the app. */
export function register(app: ControlApp, parts: RegisterParts, ready: ReadyOperation): void {
  const { method, path, body } = ready.spec
  const limit = bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: (context) => answerProblem(context, tooLarge),
  })
  if (body !== undefined) app.on(method.toUpperCase(), toHonoPath(path), limit)
  app.on(method.toUpperCase(), toHonoPath(path), async (context) => {
    try {
      return await answer(parts, ready, context)
    } catch (error) {
      return answerProblem(context, asProblem(error, parts.log, ready))
    }
  })
}

/** What is still on its way is not read: the connection ends with the answer. */
const tooLarge = new ApiProblem(413, 'too-large', 'The body of the request is too large.', {
  headers: { connection: 'close' },
})

/** `/runguard/api/calls/{id}` as Hono writes it. */
export function toHonoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1')
}

async function answer(
  parts: RegisterParts,
  { spec, handle }: ReadyOperation,
  context: ControlContext,
): Promise<Response> {
  const asked = askerOf(context)
  const grant = await parts.access.permit(spec.id, asked)
  if (grant.kind === 'deny') {
    throw new ApiProblem(grant.status, grant.code, grant.message, { headers: grant.headers })
  }
  const asker = { ...asked, actor: grant.actor, csrfToken: grant.csrfToken }
  const input = await readInput(spec, context)
  const setHeader = (name: string, value: string): void => context.header(name, value, { append: true })
  const run = (noting: Noting): Promise<unknown> => handle({ ...input, ...noting, asker, setHeader })
  const [subject = ''] = Object.values(context.req.param())
  const answered = spec.isAudited === true ? await doAudited(parts, { spec, asker, subject }, run) : await run(SILENT)
  if (answered instanceof Response) return answered
  context.header('cache-control', 'no-store')
  // What a schema does not name is left out: nothing gets out by accident.
  return context.json(spec.answer.parse(answered))
}

/** Of what is in no log. */
const SILENT: Noting = { note: () => {}, announce: async () => {} }

/** Who asks, as far as the request says. */
function askerOf(context: ControlContext): Asker {
  const headers: Record<string, string> = {}
  context.req.raw.headers.forEach((value, name) => {
    headers[name] = value
  })
  return {
    actor: null,
    csrfToken: null,
    method: context.req.method,
    headers,
    remoteAddress: context.env?.incoming?.socket?.remoteAddress ?? '',
    url: context.req.url,
    signal: context.req.raw.signal,
  }
}

type Problems = ApiProblem['problems'][number][]

async function readInput({ params, query, body }: ReadyOperation['spec'], context: ControlContext) {
  const problems: Problems = []
  const read = (place: string, schema: z.ZodType | undefined, value: unknown): unknown => {
    if (schema === undefined) return undefined
    const reading = schema.safeParse(value)
    if (reading.success) return reading.data
    for (const { path, message } of reading.error.issues) problems.push({ path: [place, ...path].join('.'), message })
    return undefined
  }
  const [given, asked] = [context.req.param(), readQuery(context.req.queries(), problems)]
  refuseNul('path', given, problems)
  refuseNul('query', asked, problems)
  const input = {
    params: read('path', params, given),
    query: read('query', query?.strict(), asked),
    body: body === undefined ? undefined : read('body', body, await readJson(context, problems)),
  }
  if (problems.length === 0) return input
  throw new ApiProblem(400, 'invalid-request', 'The request cannot be used.', { problems: problems.slice(0, 100) })
}

/** Lists are named with brackets, and come as one text with commas; nothing else may be given twice. */
function readQuery(given: Record<string, string[]>, problems: Problems): Record<string, string> {
  const entries = Object.entries(given).map(([name, values]): [string, string] => {
    if (values.length > 1 && !name.endsWith('[]')) problems.push({ path: `query.${name}`, message: 'is given twice' })
    return [name, values.join(',')]
  })
  return Object.fromEntries(entries)
}

/** No name holds one, and not every database can look for it. */
function refuseNul(place: string, texts: Readonly<Record<string, string>>, problems: Problems): void {
  for (const [name, text] of Object.entries(texts)) {
    if (text.includes('\0')) problems.push({ path: `${place}.${name}`, message: 'holds a NUL character' })
  }
}

async function readJson(context: ControlContext, problems: Problems): Promise<unknown> {
  const text = await context.req.text()
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text) as unknown
  } catch {
    problems.push({ path: 'body', message: 'is no JSON' })
    return {}
  }
}

function asProblem(error: unknown, log: Log, { spec }: ReadyOperation): ApiProblem {
  if (error instanceof ApiProblem) return error
  log.error('control-failed', {
    operation: spec.id,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return new ApiProblem(500, 'failed', 'This could not be done. The log of the gateway says more.')
}

const ADMIN_TYPES: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [409, 'invalid_request_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
])

/** As the Admin API of Claude says it. */
function adminProblem({ status, code, message, problems }: ApiProblem): object {
  const why = problems.map((problem) => `${problem.path}: ${problem.message}`)
  const text = why.length === 0 ? message : why.join('; ')
  const type = ADMIN_TYPES.get(status) ?? 'api_error'
  return {
    type: 'error',
    error: { type, message: text, details: { error_code: `runguard_${code.replaceAll('-', '_')}` } },
  }
}

/** A refusal as an answer, in the shape that the clients of its path know. */
export function answerProblem(context: ControlContext, problem: ApiProblem): Response {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', ...problem.headers }
  const body = context.req.path.startsWith('/v1/') ? adminProblem(problem) : problem.body
  return context.newResponse(JSON.stringify(body), problem.status as 400, headers)
}
