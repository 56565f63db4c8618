import { ApiError, invalid } from './api-error.js'
import { readChoice, readInteger } from './fields.js'
import { isObject, type JsonObject } from './json.js'
import type { Model } from './models.js'

/** How a request wants the model to think. */
export interface Thinking {
  readonly mode: 'enabled' | 'disabled' | 'adaptive' | 'between_tools'
  /** Only with `enabled`. */
  readonly budgetTokens: number | null
  /** Omitted thinking is billed in full but arrives as an empty text with a signature. */
  readonly isOmitted: boolean
}

/** Reads `thinking`; absent means the model's default. */
export function readThinking(fields: JsonObject, model: Model): Thinking {
  const value = fields.thinking
  if (value === undefined || value === null) {
    return { mode: model.alwaysThinks ? 'adaptive' : 'disabled', budgetTokens: null, isOmitted: false }
  }
  if (!isObject(value)) throw invalid('thinking', 'Input should be an object')
  const modes = ['enabled', 'disabled', 'adaptive', 'between_tools'] as const
  const mode = readChoice(value, 'type', modes, 'thinking.')
  const isOmitted = value.display === 'omitted'
  if (mode !== 'enabled') return { mode, budgetTokens: null, isOmitted }
  return { mode, budgetTokens: readInteger(value, 'budget_tokens', 1024, 'thinking.enabled.'), isOmitted }
}

/** Refuses what the model cannot do. */
export function checkThinking(thinking: Thinking, model: Model, maxTokens: number): void {
  if (thinking.mode === 'disabled' && model.alwaysThinks) {
    throw new ApiError(400, `thinking: 'disabled' is not supported for ${model.id}`)
  }
  if (thinking.budgetTokens === null) return
  if (!model.hasThinkingBudget)
    throw new ApiError(400, `thinking: 'enabled' is not supported for ${model.id}; use adaptive`)
  if (thinking.budgetTokens >= maxTokens)
    throw new ApiError(400, '`max_tokens` must be greater than `thinking.budget_tokens`')
}
