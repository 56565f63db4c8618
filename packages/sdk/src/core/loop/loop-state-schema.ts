/** The kept state of a session's loop detector: what it looks like, and that it is one. */

import { z } from 'zod'
import { LONGEST_CYCLE } from './loop-repeat.js'
import { MINUTES } from './loop-spend.js'
import { MAX_FAILING_CALLS, MAX_FAILURES } from './loop-stalled.js'
import { LONGEST_TEXT_CYCLE } from './loop-texts.js'

/** An outcome is new if it is none of the last so many. */
export const MAX_SEEN = 128

const count = z.int().min(0)
const toolClass = z.enum(['poll', 'cursor', 'write', 'exempt']).nullable()

function runsOf(longest: number) {
  return z.strictObject({ recent: z.array(z.string()).max(longest), runs: z.array(count).length(longest) })
}

const repeat = z.strictObject({
  calls: runsOf(LONGEST_CYCLE),
  outcomes: runsOf(LONGEST_CYCLE),
  norms: runsOf(LONGEST_CYCLE),
  recent: z.array(z.strictObject({ round: z.int(), label: z.string(), toolClass })).max(LONGEST_CYCLE),
  since: z.array(z.int()).length(LONGEST_CYCLE),
  newLaps: z.array(count).length(LONGEST_CYCLE),
  lastNewLap: z.array(count).length(LONGEST_CYCLE),
})

const deadEnd = z.strictObject({
  tool: z.string(),
  norm: z.string().nullable(),
  isError: z.boolean(),
  looseKey: z.string().nullable(),
  rounds: count,
  since: z.int(),
  nearRounds: count,
  nearSince: z.int(),
})

const failure = z.strictObject({ norm: z.string(), times: count, since: z.int() })

const stalled = z.strictObject({
  calls: z
    .array(z.strictObject({ key: z.string(), tool: z.string(), failures: z.array(failure).max(MAX_FAILURES) }))
    .max(MAX_FAILING_CALLS),
  last: z.strictObject({ tool: z.string(), times: count, since: z.int(), round: z.int() }).nullable(),
})

const growth = z.strictObject({
  staleRounds: count,
  since: z.int(),
  label: z.string(),
  grownTokens: z.number().min(0),
  promptTokens: z.number().min(0),
})

const requests = z.strictObject({
  request: z.string().nullable(),
  times: count,
  answer: z.string().nullable(),
  sameTimes: count,
})

/** Everything a detector remembers of a session; at most some 20 kB. */
export const loopStateSchema = z.strictObject({
  /** Goes up when the rules change what they keep. */
  version: z.literal(2),
  /** The last outcomes that were new, the oldest first. */
  seen: z.array(z.string()).max(MAX_SEEN),
  repeat,
  deadEnd,
  stalled,
  growth,
  requests,
  texts: z.strictObject({ texts: runsOf(LONGEST_TEXT_CYCLE), count }),
  spend: z.array(z.strictObject({ minute: z.int(), costNano: z.number(), calls: count })).max(MINUTES),
})

/** What {@link loopStateSchema} lets through. */
export type SessionLoopState = z.infer<typeof loopStateSchema>
