import { invalid } from './api-error.js'
import type { BatchItem } from './batch.js'
import { readText } from './fields.js'
import { isList, isObject, type Json } from './json.js'

const mostItems = 100_000
const customIdPattern = /^[a-zA-Z0-9_-]{1,64}$/

/**
 * Reads the body that creates a batch. Throws the API's 400 for what is refused at once: no list, none or too many
 * items, ids that are malformed or used twice. What is wrong with the `params` of an item shows in its result.
 */
export function readBatchItems(body: Json): BatchItem[] {
  const requests = isObject(body) ? body.requests : undefined
  if (requests === undefined) throw invalid('requests', 'Field required')
  if (!isList(requests)) throw invalid('requests', 'Input should be a valid list')
  if (requests.length === 0) throw invalid('requests', 'List should have at least 1 item')
  if (requests.length > mostItems) throw invalid('requests', `List should have at most ${mostItems} items`)
  const seen = new Set<string>()
  return requests.map((request, index) => {
    const item = readItem(request, `requests.${index}`)
    if (seen.has(item.customId)) throw invalid(`requests.${index}.custom_id`, `'${item.customId}' is used twice`)
    seen.add(item.customId)
    return item
  })
}

function readItem(request: Json, path: string): BatchItem {
  if (!isObject(request)) throw invalid(path, 'Input should be an object')
  const customId = readText(request, 'custom_id', `${path}.`)
  if (!customIdPattern.test(customId)) {
    throw invalid(`${path}.custom_id`, `String should match pattern '${customIdPattern.source}'`)
  }
  const { params } = request
  if (params === undefined) throw invalid(`${path}.params`, 'Field required')
  if (!isObject(params)) throw invalid(`${path}.params`, 'Input should be an object')
  return { customId, params }
}
