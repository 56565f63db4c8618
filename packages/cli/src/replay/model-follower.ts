/** What an answer of the past would have used if its call had gone to another model, or without an answer of then. */

import { keepNewest, totalPrompt, type Usage } from '@runguard/sdk/core'
import type { PastCall } from './past-call.js'

/** What a call is sent with now. */
export interface SentCall {
  readonly model: string
  readonly maxTokens: number | null
}

/** Follows which model each agent talks to. */
export interface ModelFollower {
  /** The usage of the answer. Tokens are taken to be as many on every model, and answers to be as long. */
  usageOf(past: PastCall, sent: SentCall): { readonly usage: Usage; readonly model: string }
}

const MAX_AGENTS = 10_000
/** Of a model that nobody has heard answering. */
const USUAL_OUTPUT = 500
const MEMORY_ANSWERS = 50

/** Nothing is known yet. */
export function followModels(): ModelFollower {
  const models = new Map<string, string>()
  const outputs = new Map<string, number>()
  return {
    usageOf: (past, sent) => {
      const known = past.outcome.kind === 'answered' ? past.outcome.usage : null
      const usage = known ?? guessUsage(past, sent, outputs.get(sent.model) ?? USUAL_OUTPUT)
      const served = servedThen(past, sent)
      const before = models.get(agentOf(past))
      remember(models, agentOf(past), sent.model)
      if (known !== null) learn(outputs, sent.model, known)
      if (served !== null && (before ?? sent.model) === sent.model)
        return { usage: capOutput(usage, sent), model: served }
      const isCold = before !== undefined && before !== sent.model
      return { usage: capOutput(moveTo(sent.model, usage, isCold), sent), model: sent.model }
    },
  }
}

/** The model that answered then, if it was the one of now that was asked; null if it was another one. */
function servedThen({ model, record }: PastCall, sent: SentCall): string | null {
  const asked = record?.route?.isApplied === true ? record.route.model : model
  return asked === sent.model ? (record?.servedModel ?? sent.model) : null
}

function agentOf({ scope, id }: PastCall): string {
  return scope.session === null ? id : `${scope.session}\n${scope.agent ?? ''}`
}

function remember(models: Map<string, string>, agent: string, model: string): void {
  keepNewest(models, agent, model, MAX_AGENTS)
}

function learn(outputs: Map<string, number>, model: string, { parts }: Usage): void {
  const output = parts.reduce((sum, part) => sum + part.output, 0)
  const known = outputs.get(model)
  outputs.set(model, known === undefined ? output : known + (output - known) / MEMORY_ANSWERS)
}

/** Nobody knows what the answer would have been: its prompt as it was estimated, and as much output as is usual. */
function guessUsage({ request }: PastCall, { model }: SentCall, output: number): Usage {
  const part = { kind: 'message', model, input: request.unscaled, write5m: 0, write1h: 0, read: 0 }
  const parts = [{ ...part, output: Math.ceil(output) }]
  return { parts, webSearches: 0, speed: 'standard', geo: null, tier: 'standard' }
}

/** @param isCold the agent talked to another model before: what that one had cached has to be written anew */
function moveTo(model: string, usage: Usage, isCold: boolean): Usage {
  const parts = usage.parts.map((part) => {
    const moved = { ...part, model }
    if (!isCold || totalPrompt(part) === part.input) return moved
    return { ...moved, read: 0, write5m: part.write5m + part.read }
  })
  return { ...usage, parts, speed: 'standard' }
}

function capOutput(usage: Usage, { maxTokens }: SentCall): Usage {
  if (maxTokens === null || usage.parts.every(({ output }) => output <= maxTokens)) return usage
  return { ...usage, parts: usage.parts.map((part) => ({ ...part, output: Math.min(part.output, maxTokens) })) }
}
