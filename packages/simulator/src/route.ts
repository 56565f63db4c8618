import { showCosts } from './admin-cost.js'
import { showUsage } from './admin-usage.js'
import { ApiError } from './api-error.js'
import {
  batchPath,
  cancelBatch,
  createBatch,
  deleteBatch,
  listBatches,
  sendResults,
  showBatch,
} from './batch-routes.js'
import { identify } from './caller.js'
import { control } from './control.js'
import { deliverJson } from './deliver.js'
import type { Exchange } from './exchange.js'
import { countTokens, serveMessages } from './messages.js'
import { listModels, showModel } from './model-routes.js'
import type { World } from './world.js'

type Handler = (exchange: Exchange, world: World) => Promise<void>

const routes: ReadonlyMap<string, Readonly<Record<string, Handler>>> = new Map([
  ['/', { HEAD: greet, GET: greet }],
  ['/api/hello', { HEAD: greet, GET: greet }],
  ['/v1/messages', { POST: serveMessages }],
  ['/v1/messages/count_tokens', { POST: countTokens }],
  ['/v1/messages/batches', { POST: createBatch, GET: listBatches }],
  ['/v1/models', { GET: listModels }],
  ['/v1/organizations/usage_report/messages', { GET: showUsage }],
  ['/v1/organizations/cost_report', { GET: showCosts }],
])

const modelPath = /^\/v1\/models\/[^/]+$/

/** Finds what serves a request and lets it. Throws the API's 404 and 405. */
export async function route(exchange: Exchange, world: World): Promise<void> {
  const { path } = exchange
  if (path.startsWith('/sim/')) return await control(exchange, world)
  const handlers = handlersOf(path)
  if (handlers === undefined) throw new ApiError(404, 'Not Found')
  const method = exchange.draft.method
  const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined
  if (handler === undefined) throw new ApiError(405, 'Method Not Allowed')
  if (path.startsWith('/v1/')) identify(exchange)
  await handler(exchange, world)
}

function handlersOf(path: string): Readonly<Record<string, Handler>> | undefined {
  const fixed = routes.get(path)
  if (fixed !== undefined) return fixed
  if (modelPath.test(path)) return { GET: showModel }
  const [matched, , action] = batchPath.exec(path) ?? []
  if (matched === undefined) return undefined
  if (action === '/cancel') return { POST: cancelBatch }
  return action === '/results' ? { GET: sendResults } : { GET: showBatch, DELETE: deleteBatch }
}

async function greet(exchange: Exchange): Promise<void> {
  await deliverJson(exchange, { message: 'hello' })
}
