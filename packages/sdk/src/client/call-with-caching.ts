/** A call whose static prefix is cached. */

import type { Message, MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages'
import { type CacheMarkOptions, withCache } from '../core/cache/cache-marks.js'
import { hasMethods, oneOf, partOf } from '../core/config/option-kinds.js'
import { type CallOptions, type CreatingClient, createMessage } from './messages-client.js'
import { checkCallOptions, checkRequest } from './request-check.js'

/**
 * `client.messages.create`, with cache markers on the system text and the last of the tools, so that the next call with
 * the same prefix reads it at a fraction of its price. Markers of your own stay as they are. Of the answer `checkCacheHit`
 * tells what the cache did; a prefix below the minimum of its model (512 to 4,096 tokens) is not cached at all.
 *
 * Rejects with `TypeError` if there is no client, for params that are none, and for options that it does not know or
 * cannot use.
 */
export async function callWithCaching(
  client: CreatingClient,
  params: MessageCreateParamsNonStreaming,
  options: CallOptions & CacheMarkOptions = {},
): Promise<Message> {
  if (!hasMethods(partOf(client, 'messages'), ['create'])) throw new TypeError(NO_CLIENT)
  checkRequest('callWithCaching', params)
  checkCallOptions('callWithCaching', options, { ttl: oneOf('5m', '1h') })
  const { ttl, ...call } = options
  return createMessage(client, withCache(params, ttl === undefined ? {} : { ttl }), call)
}

const NO_CLIENT =
  'callWithCaching() needs a client of @anthropic-ai/sdk, such as new Anthropic(), before the parameters.'
