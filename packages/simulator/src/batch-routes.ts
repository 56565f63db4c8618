import { ApiError } from './api-error.js'
import { type Batch, type BatchCaller, batchObject, isArchived, openBatch } from './batch.js'
import { readBatchItems } from './batch-create.js'
import { workOn } from './batch-run.js'
import { bodyLimits, readJson } from './body.js'
import { readVersion } from './caller.js'
import { deliverJson, deliverPieces } from './deliver.js'
import { type Exchange, headerOf } from './exchange.js'
import type { Fault } from './faults.js'
import type { JsonObject } from './json.js'
import { standIn } from './messages.js'
import { pageObject, pageOf } from './paging.js'
import type { World } from './world.js'

/** The paths of one batch as faults name them, and as they are matched. */
export const batchPath = /^\/v1\/messages\/batches\/([^/]+)(\/cancel|\/results)?$/

/** Listing and creating have the same path; faults for the list are queued under this name. */
const listFaults = 'GET /v1/messages/batches'
const pieceCharacters = 64 * 1024

/** `POST /v1/messages/batches`. A fault that delays or cuts the answer comes after the batch was created. */
export async function createBatch(exchange: Exchange, world: World): Promise<void> {
  const version = readVersion(exchange)
  const items = readBatchItems(await readJson(exchange.request, bodyLimits.batch))
  const fault = world.faults.take(exchange.path)
  if (fault !== undefined && (await standIn(exchange, fault))) return
  const { userAgent, sessionId, workspace, atMs } = exchange.draft
  const script = headerOf(exchange.request, 'x-sim-script')
  const caller: BatchCaller = { workspace: workspace ?? '', version, script, userAgent, sessionId }
  const batch = openBatch(world.nextId('msgbatch'), caller, items, atMs)
  world.batches.start(batch, workOn(batch, world))
  await deliverPieces(exchange, 'application/json', [JSON.stringify(shown(batch, exchange))], fault)
}

/** `GET /v1/messages/batches`: a page of the workspace's batches, newest first. */
export async function listBatches(exchange: Exchange, world: World): Promise<void> {
  readVersion(exchange)
  const fault = world.faults.take(listFaults)
  if (fault !== undefined && (await standIn(exchange, fault))) return
  await world.batches.settled()
  const page = pageOf(world.batches.list(exchange.draft.workspace), exchange.query)
  await deliverJson(
    exchange,
    pageObject(page, (batch) => shown(batch, exchange)),
  )
}

/** `GET /v1/messages/batches/{id}`. */
export async function showBatch(exchange: Exchange, world: World): Promise<void> {
  const batch = await findBatch(exchange, world)
  if (batch !== null) await deliverJson(exchange, shown(batch, exchange))
}

/** `POST /v1/messages/batches/{id}/cancel`: once more changes nothing, and after the end there is nothing to cancel. */
export async function cancelBatch(exchange: Exchange, world: World): Promise<void> {
  const batch = await findBatch(exchange, world)
  if (batch === null) return
  if (batch.endedAtMs !== null) throw new ApiError(400, `Batch ${batch.id} has already ended.`)
  world.batches.cancel(batch.id, exchange.draft.atMs)
  await deliverJson(exchange, shown(batch, exchange))
}

/** `DELETE /v1/messages/batches/{id}`, only after the end. */
export async function deleteBatch(exchange: Exchange, world: World): Promise<void> {
  const batch = await findBatch(exchange, world)
  if (batch === null) return
  if (batch.endedAtMs === null) throw new ApiError(400, `Batch ${batch.id} is still processing; cancel it first.`)
  world.batches.remove(batch.id)
  await deliverJson(exchange, { id: batch.id, type: 'message_batch_deleted' })
}

/** `GET /v1/messages/batches/{id}/results`: JSON lines, after the end and until the batch is archived. */
export async function sendResults(exchange: Exchange, world: World): Promise<void> {
  readVersion(exchange)
  const fault = takeFault(exchange, world)
  if (fault !== undefined && (await standIn(exchange, fault))) return
  await world.batches.settled()
  const batch = requireBatch(exchange, world)
  if (batch.endedAtMs === null) throw new ApiError(404, `Batch ${batch.id} has no results yet.`)
  if (isArchived(batch, exchange.clock.now())) throw new ApiError(404, `The results of ${batch.id} are archived.`)
  await deliverPieces(exchange, 'application/x-jsonl', piecesOf(batch.results), fault)
}

/** The batch a request is about; null when a fault answered in its place. */
async function findBatch(exchange: Exchange, world: World): Promise<Batch | null> {
  readVersion(exchange)
  const fault = takeFault(exchange, world)
  if (fault !== undefined && (await standIn(exchange, fault))) return null
  await world.batches.settled()
  return requireBatch(exchange, world)
}

function requireBatch({ path, draft }: Exchange, world: World): Batch {
  const id = batchPath.exec(path)?.[1] ?? ''
  const batch = world.batches.find(id, draft.workspace)
  if (batch === undefined) throw new ApiError(404, `Batch ${id} not found.`)
  return batch
}

/** Faults can be queued for the path itself, or for all batches with `{id}` in place of the id. */
function takeFault({ path }: Exchange, world: World): Fault | undefined {
  const general = path.replace(batchPath, (_all, _id, action: string | undefined) => {
    return `/v1/messages/batches/{id}${action ?? ''}`
  })
  return world.faults.take(path) ?? world.faults.take(general)
}

function shown(batch: Batch, { request, clock }: Exchange): JsonObject {
  return batchObject(batch, clock.now(), `http://${headerOf(request, 'host') ?? 'localhost'}`)
}

function* piecesOf(lines: readonly string[]): Generator<string> {
  let piece = ''
  for (const line of lines) {
    piece += `${line}\n`
    if (piece.length < pieceCharacters) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}
