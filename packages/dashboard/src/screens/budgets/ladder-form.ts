/** The ladder of a budget as it is filled in: what is done with calls as the limit comes near. Pure. */

import type { ApiBudget, ApiBudgetBody } from '@runguard/gateway/api'
import { percentText } from './budget-words.js'

/** What a step does. */
export type StepKind = ApiBudget['degrade'][number]['step']

/** One step, as it is typed. */
export interface StepForm {
  /** Stays with the step while it is moved and others come and go. */
  readonly key: number
  /** A share of the limit: `80%`, or `0.8`. */
  readonly at: string
  readonly kind: StepKind
  /** The tier or the effort; empty: the next cheaper tier. */
  readonly to: string
  readonly maxTokens: string
}

/** The shares at which people begin; each kind is offered once, in this order. */
const USUAL: readonly (readonly [StepKind, string])[] = [
  ['cheaper-tier', '80%'],
  ['lower-effort', '90%'],
  ['tighter-max-tokens', '95%'],
  ['defer', '97%'],
  ['refuse', '100%'],
]

/** The steps of a budget that is there. */
export function stepsOf(degrade: ApiBudget['degrade']): readonly StepForm[] {
  return degrade.map(({ at, step, to, maxTokens }, key) => {
    return { key, at: percentText(at), kind: step, to: to ?? '', maxTokens: String(maxTokens ?? '') }
  })
}

/** As the API takes them. What cannot be read goes as it was typed: the gateway says what is wrong with it. */
export function writtenSteps(steps: readonly StepForm[]): NonNullable<ApiBudgetBody['degrade']> {
  return steps.map(({ at, kind, to, maxTokens }) => ({
    at: readShare(at),
    step: kind,
    ...(to === '' ? {} : { to }),
    ...(maxTokens.trim() === '' ? {} : { maxTokens: readNumber(maxTokens) ?? maxTokens }),
  }))
}

/** With one step more: the gentlest kind that is not there yet. */
export function addStep(steps: readonly StepForm[]): readonly StepForm[] {
  const key = Math.max(-1, ...steps.map((step) => step.key)) + 1
  const [kind, at] = USUAL.find(([usual]) => !steps.some((step) => step.kind === usual)) ?? ['refuse', '100%']
  return inOrder([...steps, { ...settingsOf(kind), key, at, kind }])
}

/** With some fields of one step changed; another kind brings the settings that are usual for it. */
export function changeStep(
  steps: readonly StepForm[],
  key: number,
  changed: Partial<Omit<StepForm, 'key'>>,
): readonly StepForm[] {
  const settings = changed.kind === undefined ? {} : settingsOf(changed.kind)
  return steps.map((step) => (step.key === key ? { ...step, ...settings, ...changed } : step))
}

/** With what two neighbours do exchanged: their shares stay, because steps come in the order of these. */
export function moveStep(steps: readonly StepForm[], from: number, to: number): readonly StepForm[] {
  const [moved, other] = [steps[from], steps[to]]
  if (moved === undefined || other === undefined) return steps
  return steps.map((step, index) => {
    if (index === from) return { ...other, at: moved.at }
    return index === to ? { ...moved, at: other.at } : step
  })
}

/**
 * In the order in which they come, with their shares written alike. The same list where that changes nothing, and while
 * one of them cannot be read.
 */
export function inOrder(steps: readonly StepForm[]): readonly StepForm[] {
  if (steps.some(({ at }) => Number.isNaN(shareOf(at)))) return steps
  const alike = steps.map((step) => {
    const at = percentText(shareOf(step.at))
    return at === step.at ? step : { ...step, at }
  })
  alike.sort((left, right) => shareOf(left.at) - shareOf(right.at))
  return alike.every((step, index) => step === steps[index]) ? steps : alike
}

function settingsOf(kind: StepKind): Pick<StepForm, 'to' | 'maxTokens'> {
  return { to: kind === 'lower-effort' ? 'low' : '', maxTokens: kind === 'tighter-max-tokens' ? '4096' : '' }
}

/** A number above 1 can only be meant as percent. */
function readShare(text: string): number | string {
  const number = readNumber(text)
  if (number === null) return text.trim()
  return number > 1 ? `${number}%` : number
}

/** From 0 to 1; not a number where it cannot be read. */
function shareOf(text: string): number {
  const share = readShare(text)
  if (typeof share === 'number') return share
  const number = share.endsWith('%') ? readNumber(share.slice(0, -1)) : null
  return number === null ? Number.NaN : number / 100
}

function readNumber(text: string): number | null {
  return text.trim() === '' || !Number.isFinite(Number(text)) ? null : Number(text)
}
