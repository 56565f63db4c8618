/** Requests and their options, looked at before a client has them: what fails inside of a client has no name there. */

import { asObject } from '../core/body/json-object.js'
import { checkKind, isPlainObject, type Names, type OptionKind, show } from '../core/config/known-options.js'
import { abortSignal, hasMethods, someText, wholeOrNone } from '../core/config/option-kinds.js'
import type { CallOptions } from './messages-client.js'

/** What a call may be told besides its request, by name. */
export const callOptionNames = {
  signal: abortSignal,
  headers: {
    words: 'an object of texts',
    fits: (value) => isPlainObject(value) || hasMethods(value, ['get', 'forEach']),
  },
  timeout: { words: 'a number of milliseconds above 0', fits: (value) => typeof value === 'number' && value > 0 },
  maxRetries: wholeOrNone,
} satisfies Names<CallOptions>

const someNumber: OptionKind = { words: 'a number of tokens', fits: (value) => typeof value === 'number' }

/**
 * Throws `TypeError` for what no API could take as a request: no object, or one without a list of messages. The rest is
 * for the API to judge.
 *
 * @param what takes it: `callWithCaching`
 */
export function checkRequest(what: string, params: unknown): void {
  if (!isPlainObject(params)) throw new TypeError(`the params of ${what} are an object, not ${show(params)}`)
  const { model, max_tokens: maxTokens, messages } = asObject(params)
  if (model !== undefined) checkKind('model', model, someText)
  if (maxTokens !== undefined) checkKind('max_tokens', maxTokens, someNumber)
  if (!Array.isArray(messages)) throw new TypeError(`messages is a list of messages, not ${show(messages)}`)
  const wrong = messages.findIndex((each) => !isPlainObject(each))
  if (wrong >= 0)
    throw new TypeError(`messages[${wrong}] is an object with role and content, not ${show(messages[wrong])}`)
}
