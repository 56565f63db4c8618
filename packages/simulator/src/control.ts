import { ApiError, invalid } from './api-error.js'
import { readJson } from './body.js'
import type { Clock, VirtualClock } from './clock.js'
import { deliverJson } from './deliver.js'
import type { Exchange } from './exchange.js'
import { readFault } from './faults.js'
import { readInteger, readText } from './fields.js'
import { isList, isObject, type Json, type JsonObject, without } from './json.js'
import type { World } from './world.js'

/** The simulator's own paths, under `/sim/`: for those who drive it from another process. */
export async function control(exchange: Exchange, world: World): Promise<void> {
  const { clock } = world.options
  switch (`${exchange.draft.method} ${exchange.path}`) {
    case 'GET /sim/log':
      return await deliverJson(exchange, { in_flight: world.running.size, entries: world.log as unknown as Json })
    case 'POST /sim/faults':
      return await queueFaults(exchange, world)
    case 'GET /sim/clock':
      return await deliverJson(exchange, { now_ms: clock.now(), is_virtual: isVirtual(clock) })
    case 'POST /sim/clock/advance':
      return await advance(exchange, clock)
    case 'POST /sim/batches/finish':
      return await finishBatches(exchange, world)
    case 'POST /sim/reset':
      world.reset()
      return await deliverJson(exchange, { reset: true })
    default:
      throw new ApiError(404, 'Not Found')
  }
}

async function queueFaults(exchange: Exchange, world: World): Promise<void> {
  const body = await readJson(exchange.request)
  const entries = (isList(body) ? body : [body]).map(readEntry)
  for (const { fault, target } of entries) world.faults.add(fault, target)
  await deliverJson(exchange, { queued: entries.length })
}

/** A fault with two more fields: `times` and `path`. */
function readEntry(entry: Json) {
  if (!isObject(entry)) throw invalid('fault', 'Input should be an object')
  const fault = readFault(without(without(entry, 'times'), 'path'))
  const times = entry.times === undefined ? {} : { times: readInteger(entry, 'times', 1) }
  const path = entry.path === undefined ? {} : { path: readText(entry, 'path') }
  return { fault, target: { ...times, ...path } }
}

async function advance(exchange: Exchange, clock: Clock): Promise<void> {
  if (!isVirtual(clock)) throw new ApiError(409, 'The clock is real; it cannot be moved.')
  const body = await readJson(exchange.request)
  const fields: JsonObject = isObject(body) ? body : {}
  await clock.advance(readInteger(fields, 'ms', 0))
  await deliverJson(exchange, { now_ms: clock.now() })
}

async function finishBatches(exchange: Exchange, world: World): Promise<void> {
  const body = await readJson(exchange.request)
  const id = isObject(body) && body.id !== undefined ? readText(body, 'id') : null
  await deliverJson(exchange, { finishing: world.batches.finish(id, world.options.clock.now()) })
}

function isVirtual(clock: Clock): clock is VirtualClock {
  return 'advance' in clock
}
