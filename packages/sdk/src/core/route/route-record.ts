/** What the record of a call says of its route. Numbers and names, never content. */

import type { NanoUsd } from '../cost/money.js'
import type { TakenStep } from '../degrade/degrade-steps.js'
import type { Route } from './route-facts.js'

/** The route of a call. */
export interface RecordedRoute extends Route {
  /** False if it was only worked out, and what was asked for was sent. */
  readonly isApplied: boolean
  /**
   * Nano-dollars that the route saved against the model that was asked for, its warm cache included; negative if it lost
   * money. Null until the call has ended, for routes that were not applied, and where the asked model is retired.
   */
  readonly savedNano: NanoUsd | null
}

/** The value of the header that tells of a route. */
export function routeHeader({ model, reason, isApplied }: RecordedRoute): string {
  return `${headerName(model)}; reason=${reason}${isApplied ? '' : '; explain'}`
}

const MAX_NAME_LENGTH = 200

/** Callers may ask for any name: half a character, a separator, or more than a head of an answer holds. */
function headerName(model: string): string {
  const whole = model.slice(0, MAX_NAME_LENGTH).replace(/\p{Surrogate}/gu, '\ufffd')
  return encodeURI(whole).replace(/[;,]/g, encodeURIComponent)
}

/** The value of the header that tells of degradation; empty if nothing was changed. */
export function degradedHeader(steps: readonly TakenStep[]): string {
  return steps.flatMap(({ kind, change, at }) => (change === null ? [] : [`${kind}; at=${at}`])).join(', ')
}
