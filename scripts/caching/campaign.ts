/** Made-up conversations before both models of the cache; see `agreement.ts`. */

import { Agreement, type Comparison } from './agreement.js'
import { type Chance, chanceOf } from './chance.js'
import { changeFront, goOn, makeFront, type WireMessage } from './conversations.js'
import { makeRequest } from './markers.js'

/** What came of it. */
export interface CampaignResult {
  readonly conversations: number
  readonly compared: number
  /** Requests that the API takes from nobody. */
  readonly refused: number
  /** Of what was compared: calls that read something. */
  readonly planned: number
  /** One text per call on which the two did not agree, with the seed that repeats it. */
  readonly differences: readonly string[]
}

/** Around the two lifetimes, and shorter than it takes an answer to begin. */
const pausesMs = [100, 1_000, 5_000, 60_000, 299_999, 300_000, 300_001, 600_000, 3_599_999, 3_600_000, 3_600_001]
const firstBytesMs = [50, 500, 3_000, 20_000]
/** Any day on which all models of the conversations are served. */
const START_MS = Date.UTC(2026, 10, 1)

/** Plays groups of siblings, seed by seed, until there were so many conversations. */
export function runCampaign(conversations: number, firstSeed = 1): CampaignResult {
  let played = 0
  const counts = { same: 0, different: 0, refused: 0 }
  let planned = 0
  const differences: string[] = []
  for (let seed = firstSeed; played < conversations; seed++) {
    const chance = chanceOf(seed)
    const siblings = Math.min(conversations - played, 1 + chance.below(3))
    played += siblings
    for (const { comparison, isPlanned } of playSiblings(siblings, chance)) {
      counts[comparison.kind] += 1
      if (isPlanned && comparison.kind !== 'refused') planned += 1
      if (comparison.kind === 'different') differences.push(`seed ${seed}: ${comparison.text}`)
    }
  }
  const compared = counts.same + counts.different
  return { conversations: played, compared, refused: counts.refused, planned, differences }
}

interface Played {
  readonly comparison: Comparison
  readonly isPlanned: boolean
}

/** Conversations of one program, taking turns by chance. */
function playSiblings(count: number, chance: Chance): readonly Played[] {
  const agreement = new Agreement()
  let front = makeFront(chance)
  const histories: (readonly WireMessage[])[] = Array.from({ length: count }, () => [])
  const turns = count * (3 + chance.below(6))
  let nowMs = START_MS
  return Array.from({ length: turns }, (): Played => {
    const at = chance.below(count)
    const messages = goOn(histories[at] ?? [], chance)
    histories[at] = messages
    nowMs += chance.pick(pausesMs)
    if (chance.isIn(5)) front = changeFront(front, chance)
    const isPlanned = chance.isIn(50)
    const request = makeRequest(front, messages, chance)
    return {
      isPlanned,
      comparison: agreement.send(request, { nowMs, firstByteMs: chance.pick(firstBytesMs), isPlanned }),
    }
  })
}
