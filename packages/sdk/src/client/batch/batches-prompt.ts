/** From what people write to items as they travel. */

import { batchWireId } from '../../core/batch/batch-id.js'
import { asObject } from '../../core/body/json-object.js'
import type { Names } from '../../core/config/known-options.js'
import { anyText, someText, wholeCount } from '../../core/config/option-kinds.js'
import { tierModels } from '../../core/route/task-models.js'
import type { BatchParams } from './batches-client.js'
import { BatchInputError } from './batches-errors.js'

/** Params of which a program wrote more than the fields that are read here; both spellings, so that literals fit too. */
export type PromptParams = BatchParams | (BatchParams & Readonly<Record<string, unknown>>)

/** One prompt: an id that is yours, and either a message or full params. Both ways to write the names are taken. */
export type BatchPrompt = ({ readonly customId: string } | { readonly custom_id: string }) &
  ({ readonly userMessage: string } | { readonly user_message: string } | { readonly params: PromptParams })

/** What prompts that are only a message are completed with. */
export interface PromptDefaults {
  /** The small tier's model by default. */
  readonly model?: string | undefined
  /** 1,024 tokens by default. */
  readonly maxTokens?: number | undefined
  /** The system prompt of every prompt that is only a message: what they share. */
  readonly system?: string | undefined
}

/** The names of all of them. */
export const promptDefaults = {
  model: someText,
  maxTokens: wholeCount,
  system: anyText,
} satisfies Names<PromptDefaults>

/** A prompt that was checked. */
export interface BatchItem {
  /** As the caller wrote it. */
  readonly customId: string
  /** As it travels. */
  readonly wireId: string
  readonly params: BatchParams
}

const DEFAULT_MAX_TOKENS = 1_024

/** Checks one prompt. Throws {@link BatchInputError}. */
export function readPrompt(prompt: unknown, index: number, defaults: PromptDefaults): BatchItem {
  const customId = readCustomId(prompt)
  if (customId === null) throw new BatchInputError(index, 'has no custom_id that is a text')
  const wireId = batchWireId(customId)
  if (typeof wireId !== 'string') throw new BatchInputError(index, wireId.text)
  return { customId, wireId, params: readParams(prompt, index, defaults) }
}

/** The id of a prompt as the caller wrote it; null if there is none. */
export function readCustomId(prompt: unknown): string | null {
  const { customId, custom_id: otherId } = asObject(prompt)
  const id = customId ?? otherId
  return typeof id === 'string' ? id : null
}

function readParams(prompt: unknown, index: number, defaults: PromptDefaults): BatchParams {
  const { userMessage, user_message: otherMessage, params } = asObject(prompt)
  const message = userMessage ?? otherMessage
  if (params !== undefined && message !== undefined) {
    throw new BatchInputError(index, 'has a user_message and params; give one of them')
  }
  if (params !== undefined) return checkParams(params, index)
  if (typeof message !== 'string') throw new BatchInputError(index, 'has neither a user_message nor params')
  const { model = tierModels.current.small, maxTokens = DEFAULT_MAX_TOKENS, system } = defaults
  const shared = system === undefined || system === '' ? {} : { system }
  return { model, max_tokens: maxTokens, ...shared, messages: [{ role: 'user', content: message }] }
}

/** Only what no API could take; the rest is for the API to judge, item by item. */
function checkParams(params: unknown, index: number): BatchParams {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new BatchInputError(index, 'has params that are not an object')
  }
  if (asObject(params).stream === true) throw new BatchInputError(index, 'asks for a stream; a batch cannot stream')
  return params as BatchParams
}
