/** Requests and their options, looked at before a client has them: what fails inside of a client has no name there. */

import { asObject } from '../core/body/json-object.js'
import {
  checkKind,
  checkPassedOptions,
  hasFields,
  type Names,
  type OptionKind,
  show,
} from '../core/config/known-options.js'
import { abortSignal, someText, wholeOrNone } from '../core/config/option-kinds.js'
import type { CallOptions } from './messages-client.js'

/** What a call may be told besides its request, by name. */
const callOptionNames = {
  signal: abortSignal,
  headers: {
    words: 'an object of texts',
    // In all forms in which the official client takes them.
    fits: (value) => value === null || hasFields(value) || (Array.isArray(value) && value.every(Array.isArray)),
  },
  timeout: { words: 'a number of milliseconds above 0', fits: (value) => typeof value === 'number' && value > 0 },
  maxRetries: wholeOrNone,
} satisfies Names<CallOptions>

/**
 * Throws `TypeError` for what no client could take as the options of a call. It may know more of them: `idempotencyKey`,
 * or whatever its middleware is to see.
 *
 * @param others options of ours beside them
 */
export function checkCallOptions(
  what: string,
  options: unknown,
  others: Readonly<Record<string, OptionKind>> = {},
): void {
  checkPassedOptions(what, options, { ...callOptionNames, ...others })
}

const someNumber: OptionKind = { words: 'a number of tokens', fits: (value) => typeof value === 'number' }

/**
 * Throws `TypeError` for what no API could take as a request: no object, or one without a list of messages. The rest is
 * for the API to judge.
 *
 * @param what takes it: `callWithCaching`
 */
export function checkRequest(what: string, params: unknown): void {
  if (!hasFields(params)) throw new TypeError(`the params of ${what} are an object, not ${show(params)}`)
  const { model, max_tokens: maxTokens, messages } = asObject(params)
  if (model !== undefined) checkKind('model', model, someText)
  if (maxTokens !== undefined) checkKind('max_tokens', maxTokens, someNumber)
  if (!Array.isArray(messages)) throw new TypeError(`messages is a list of messages, not ${show(messages)}`)
  const wrong = messages.findIndex((each) => !hasFields(each))
  if (wrong >= 0)
    throw new TypeError(`messages[${wrong}] is an object with role and content, not ${show(messages[wrong])}`)
}
