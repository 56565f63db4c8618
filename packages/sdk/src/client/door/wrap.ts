/** Guarding a client as it is: through its own options, never by standing in for its methods. */

import { asObject, type JsonObject } from '../../core/body/json-object.js'
import type { Door } from './door-types.js'
import type { Fetch, Middleware } from './middleware-types.js'
import { runtimeFetch } from './network.js'

/** What a client is given. */
export interface WrapParts {
  readonly door: Door
  readonly middleware: Middleware
  guardFetch(fetch: Fetch): Fetch
}

type WithOptions = (options: JsonObject) => unknown

/**
 * The same client with other options. Our middleware stands last, next to the network: what the client's own middleware
 * changes is what is counted, and each of its attempts is a call.
 */
export function wrapClient<Client extends object>(client: Client, { door, middleware, guardFetch }: WrapParts): Client {
  const { withOptions, messages, middleware: own, fetch } = asObject(client)
  if (typeof withOptions !== 'function' || typeof messages !== 'object') throw new TypeError(NO_CLIENT)
  const change = (options: JsonObject): Client => (withOptions as WithOptions).call(client, options) as Client
  const inner = typeof fetch === 'function' ? (door.own.get(fetch) ?? fetch) : undefined
  if (Array.isArray(own)) {
    const others = own.filter((each: object) => !door.own.has(each))
    const outward = inner === runtimeFetch ? door.network : inner
    return change({ middleware: [...others, middleware], ...(outward === fetch ? {} : { fetch: outward }) })
  }
  if (typeof fetch !== 'function') throw new TypeError(NO_WAY_IN)
  if (speaksOtherwise(client)) throw new TypeError(NO_MIDDLEWARE)
  return change({ fetch: guardFetch(fetch as Fetch) })
}

const NO_CLIENT =
  'wrap() takes a client of @anthropic-ai/sdk, such as new Anthropic(). For other clients of the Claude API use ' +
  'guard.fetch as their fetch.'
const NO_WAY_IN =
  'This client takes neither middleware nor a fetch of its own, so it cannot be guarded. Use a newer @anthropic-ai/sdk, ' +
  'or create it with fetch: guard.fetch.'
const NO_MIDDLEWARE =
  'Without middleware a client for Bedrock or Vertex cannot be guarded: its fetch does not see calls in the form of the ' +
  'Claude API. Use a newer version of its package.'

/** Clients whose `fetch` sees the calls of another API. */
function speaksOtherwise(client: object): boolean {
  return 'awsRegion' in client || ('region' in client && 'projectId' in client)
}
