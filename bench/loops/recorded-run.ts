/** A recorded run of an agent: one line of the file that `bench:loops` reads. */

import { type LoopStep, toolClassOf } from '@runguard/sdk/core'

/** What a reader of the run said about it; null if nobody looked, because no rule pointed at it. */
export type Label = 'LOOP' | 'SHORT' | 'LEGIT' | 'UNSURE' | null

/** One tool call, with what the other detectors compare beside what ours takes in. */
export interface RecordedStep extends LoopStep {
  /** Over tool and input with all fields, those too that only describe the call. */
  readonly fullKey: string
  /** Goes up at every message of a person. */
  readonly turn: number
}

/** What the model said in a turn. */
export interface RecordedText {
  readonly round: number
  /** Equal for equal texts, and all of letters: a detector that overlooks numbers can tell them apart. */
  readonly letters: string
}

/** A run with its label. */
export interface RecordedRun {
  readonly id: string
  readonly source: string
  readonly label: Label
  readonly kind: string | null
  /** Index of the first step of the labelled repetition, and how many steps one repeat has; null where not exact. */
  readonly onset: number | null
  readonly block: number | null
  readonly costUsd: number | null
  readonly steps: readonly RecordedStep[]
  readonly texts: readonly RecordedText[]
}

type JsonObject = Readonly<Record<string, unknown>>

/** Reads a line; `lineNumber` counts from 1. Throws an error that names the line and the fault. */
export function readRun(line: string, lineNumber: number): RecordedRun {
  const fail = (fault: string): never => {
    throw new Error(`line ${lineNumber}: ${fault}`)
  }
  const run = parse(line) ?? fail('not a JSON object')
  const { id, source, label = null, steps, texts } = run
  if (typeof id !== 'string' || typeof source !== 'string') return fail('it has no id or no source')
  if (!isLabel(label)) return fail(`there is no label ${String(label)}`)
  if (!Array.isArray(steps)) return fail('steps is not a list')
  return {
    id,
    source,
    label,
    kind: textOr(run.kind, null),
    onset: numberOr(run.onset),
    block: numberOr(run.block),
    costUsd: numberOr(run.cost_usd),
    steps: steps.map((step, index) => readStep(step) ?? fail(`steps[${index}] is not a step`)),
    texts: Array.isArray(texts) ? texts.flatMap(readText) : [],
  }
}

function readStep(value: unknown): RecordedStep | null {
  if (!isObject(value)) return null
  const { tool, key, key2, round, turn } = value
  if (typeof tool !== 'string' || typeof key !== 'string') return null
  if (typeof round !== 'number' || typeof turn !== 'number') return null
  return {
    tool,
    key: textOr(key2, key),
    fullKey: key,
    // Inputs are not in the data, so nothing is known of how much they differ.
    looseKey: null,
    result: textOr(value.result, null),
    norm: textOr(value.norm, null),
    isError: value.error === true,
    isEmpty: value.empty === true,
    round,
    turn,
    toolClass: toolClassOf(tool, null),
    hasRun: value.cancelled !== true && value.denied !== true,
  }
}

function readText(value: unknown): RecordedText[] {
  if (!isObject(value) || typeof value.round !== 'number' || typeof value.hash !== 'string') return []
  return [{ round: value.round, letters: value.hash.replace(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit))) }]
}

function parse(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isLabel(value: unknown): value is Label {
  return value === null || ['LOOP', 'SHORT', 'LEGIT', 'UNSURE'].includes(String(value))
}

function textOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === 'string' ? value : otherwise
}

function numberOr(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
