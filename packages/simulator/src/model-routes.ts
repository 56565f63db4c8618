import { ApiError } from './api-error.js'
import { readVersion } from './caller.js'
import { deliverJson } from './deliver.js'
import type { Exchange } from './exchange.js'
import { findModel, modelInfo, models } from './models.js'
import { pageObject, pageOf } from './paging.js'

/** `GET /v1/models`: a page of the models that are not retired. */
export async function listModels(exchange: Exchange): Promise<void> {
  readVersion(exchange)
  const { atMs } = exchange.draft
  const served = models.filter(({ id }) => findModel(id, atMs) !== undefined)
  const page = pageOf(served, exchange.query)
  await deliverJson(
    exchange,
    pageObject(page, (model) => modelInfo(model, atMs)),
  )
}

/** `GET /v1/models/{id}`, by id or alias. */
export async function showModel(exchange: Exchange): Promise<void> {
  readVersion(exchange)
  const name = decode(exchange.path.split('/').at(-1) ?? '')
  const model = findModel(name, exchange.draft.atMs)
  if (model === undefined) throw new ApiError(404, `model: ${name}`)
  await deliverJson(exchange, modelInfo(model, exchange.draft.atMs))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
