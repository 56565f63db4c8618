/** `guard.cascade`: cheap tiers first, dearer ones where an answer is not good enough. */

import { identify } from '../core/budget/scope.js'
import { checkOptions, type Names, show } from '../core/config/known-options.js'
import { callback } from '../core/config/option-kinds.js'
import { findSameModel } from '../core/route/cascade-tiers.js'
import type { Cascade, CascadeOptions, CascadeParts } from './cascade-types.js'
import type { Account, Door } from './door/door-types.js'

/** @throws TypeError for tiers, a verifier or options that are none */
export function openCascade(door: Door, account: Account, parts: CascadeParts): Cascade {
  checkParts(door, parts)
  return {
    create: async (client, params, options = {}) => {
      const { runCascade } = await door.engine.whenLoaded
      return runCascade(door, account, parts, { client, params, options })
    },
  }
}

const optionNames = { task: true, onAttempt: callback } satisfies Names<CascadeOptions>

function checkParts(door: Door, { tiers, verify, options }: CascadeParts): void {
  if (!Array.isArray(tiers) || tiers.length === 0)
    throw new TypeError('a cascade takes a list of tiers, the cheapest first')
  if (typeof verify !== 'function')
    throw new TypeError('a cascade takes a function that says whether an answer is good')
  for (const tier of tiers) {
    if (door.modelOf(tier) === null) throw new TypeError(`unknown tier ${show(tier)}`)
  }
  const twice = findSameModel(tiers, door.modelOf)
  if (twice !== null) throw new TypeError(`a cascade ${twice}`)
  checkOptions('a cascade', options, optionNames)
  const { task } = options
  if (task !== undefined && identify({ 'x-runguard-task': task }, null, null).task !== task) {
    throw new TypeError('the task of a cascade is a text of 1 to 200 characters without control characters')
  }
}
