import { ApiError, invalid } from './api-error.js'
import { readVersion } from './caller.js'
import { deliverJson } from './deliver.js'
import type { Exchange } from './exchange.js'
import { findModel, modelInfo, models } from './models.js'

/** `GET /v1/models`: a page of the models that are not retired. */
export async function listModels(exchange: Exchange): Promise<void> {
  readVersion(exchange)
  const { atMs } = exchange.draft
  const query = exchange.query
  const limit = readLimit(query.get('limit'))
  const all = models.filter(({ id }) => findModel(id, atMs) !== undefined)
  const after = query.get('after_id')
  const before = query.get('before_id')
  const from = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1
  const to = before === null ? all.length : all.findIndex(({ id }) => id === before)
  const range = all.slice(from, Math.max(from, to))
  const page = before === null ? range.slice(0, limit) : range.slice(-limit)
  await deliverJson(exchange, {
    data: page.map((model) => modelInfo(model, atMs)),
    has_more: page.length < range.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  })
}

/** `GET /v1/models/{id}`, by id or alias. */
export async function showModel(exchange: Exchange): Promise<void> {
  readVersion(exchange)
  const name = decode(exchange.path.split('/').at(-1) ?? '')
  const model = findModel(name, exchange.draft.atMs)
  if (model === undefined) throw new ApiError(404, `model: ${name}`)
  await deliverJson(exchange, modelInfo(model, exchange.draft.atMs))
}

function readLimit(text: string | null): number {
  if (text === null) return 20
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw invalid('limit', 'Input should be between 1 and 1000')
  return limit
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
