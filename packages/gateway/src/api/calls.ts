/** Calls: what is kept of each. Never its content. */

import { z } from 'zod'
import { count, filterQuery, moment, nano, pageOf, pageQuery, periodQuery, tokensSchema } from './common.js'

/** On whose account a call ran. */
export const scopeSchema = z
  .object({
    project: z.string().nullable(),
    session: z.string().nullable(),
    agent: z.string().nullable(),
    parentAgent: z.string().nullable(),
    user: z.string().nullable(),
    team: z.string().nullable(),
    /** The id of a gateway key. */
    key: z.string().nullable(),
    task: z.string().nullable(),
    tags: z.array(z.string()),
  })
  .meta({ id: 'Scope' })

/** A loop in which the agent of a call was. */
export const callLoopSchema = z
  .object({
    action: z.enum(['notice', 'nudge', 'downgrade', 'stop']),
    /** False if it was only told: what would have been done. */
    isEnforced: z.boolean(),
    rule: z.string(),
    repeats: count,
    rounds: count,
    /** The tools of the cycle. */
    cycle: z.array(z.string()),
    spentNano: nano,
    /** The second half of "stopped, because …". */
    why: z.string(),
  })
  .meta({ id: 'CallLoop' })

const missSchema = z.object({
  /** `expired`, `tools-changed`, …; more may come. */
  kind: z.string(),
  /** The whole cause, as `kind` needs it. */
  cause: z.looseObject({ kind: z.string() }),
  /** The call that had sent the prefix. */
  before: z.string(),
  lostTokens: count,
  lostNano: nano,
})

/** What refused a call, as it stood at that moment; null for what was not said. */
const refuserSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('budget'),
      /** The id of the budget. */
      budget: z.string(),
      /** The account that could not pay: `user:alice`. */
      scope: z.string().nullable(),
      window: z.string().nullable(),
      /** `exhausted`, `in_flight` (held by running calls), `request_too_large`, or `degraded` (by its ladder). */
      reason: z.string().nullable(),
      limitNano: nano.nullable(),
      spentNano: nano.nullable(),
      heldNano: nano.nullable(),
      /** The least that the call needed. */
      neededNano: nano.nullable(),
      /** Null as well for a budget that never does. */
      resetsAt: moment.nullable(),
    }),
    z.object({
      kind: z.literal('breaker'),
      /** `session:abc` */
      breaker: z.string(),
      state: z.string().nullable(),
      /** `loop`, `spend_rate`, `error_rate`, `upstream_limit`, or `operator` where somebody holds it. */
      reason: z.string().nullable(),
      since: moment.nullable(),
      until: moment.nullable(),
    }),
    z.object({
      kind: z.literal('loop'),
      rule: z.string(),
      session: z.string().nullable(),
      agent: z.string().nullable(),
      repeats: count.nullable(),
      spentNano: nano.nullable(),
    }),
  ])
  .meta({ id: 'Refuser' })

/** A call in a list. */
export const callSchema = z
  .object({
    id: z.string(),
    startedAt: moment,
    durationMs: z.number(),
    endpoint: z.string(),
    client: z.string().nullable(),
    /** The one that answered, else the one that was asked for. */
    model: z.string().nullable(),
    requestedModel: z.string().nullable(),
    isStream: z.boolean(),
    status: z.int().nullable(),
    ending: z.object({ kind: z.enum(['exact', 'at-least', 'not-billed', 'unmetered']), reason: z.string() }),
    errorCode: z.string().nullable(),
    /** Null if nothing but what `loop` says stood against the call, and for calls from before it was kept. */
    refusal: z
      .object({
        code: z.string(),
        /** False if the call was sent: it would have been refused, had what stands in `by` not only observed. */
        isEnforced: z.boolean(),
        retryAfterSec: z.number().nullable(),
        /** Null where the call was refused for itself: no price for its model, a body that cannot be read. */
        by: refuserSchema.nullable(),
      })
      .nullable(),
    scope: scopeSchema,
    costNano: nano,
    isEstimated: z.boolean(),
    tokens: tokensSchema,
    /** Read, as a share of the prompt, 0 to 1; null without a prompt. */
    hitRatio: z.number().nullable(),
    /** Signed: caching and routing together. */
    savedNano: nano,
    loop: callLoopSchema.nullable(),
    /** Why a prefix was not read; null if nothing was missed. */
    missKind: z.string().nullable(),
    /** Why another model answered; null if none was chosen. */
    routeReason: z.string().nullable(),
    /** The try of a cascade that it was; null for all other calls. */
    cascade: z
      .object({
        /** The same for all tries of one cascade. */
        id: z.string(),
        /** From 1 on. */
        attempt: count,
        tier: z.string(),
        /** The model of the last resort. */
        asked: z.string(),
      })
      .nullable(),
  })
  .meta({ id: 'Call' })

/** A call in a list. */
export type ApiCall = z.infer<typeof callSchema>

const costLineSchema = z.object({
  part: z.int(),
  partKind: z.string(),
  model: z.string().nullable(),
  pricedAs: z.string().nullable(),
  basis: z.string(),
  /** `input`, `write5m`, `write1h`, `read`, `output` or `web-search`. */
  item: z.string(),
  quantity: count,
  /** The listed price of one, in pico-dollars, before multipliers. */
  picoEach: z.number(),
  card: z.string(),
  multipliers: z.array(z.object({ name: z.string(), percent: z.number() })),
  /** `quantity × picoEach × multipliers`, as a decimal text: it may be larger than a number holds exactly. */
  pico: z.string(),
})

const cacheSchema = z.object({
  mode: z.enum(['explain', 'fill']),
  ownMarkers: count,
  marks: z.array(z.object({ block: count, part: z.string(), ttl: z.string(), reason: z.string(), tokens: z.number() })),
  expected: z.object({ read: z.number(), write1h: z.number(), write5m: z.number(), input: z.number() }),
  isAsExpected: z.boolean().nullable(),
  isShortened: z.boolean(),
  miss: missSchema.nullable(),
  diagnosis: z.object({ type: z.string(), missedTokens: z.number().nullable() }).nullable(),
  savedNano: nano,
  /** The part of it that RunGuard's markers made. */
  addedNano: nano,
})

const routeSchema = z.object({
  asked: z.string(),
  model: z.string(),
  tier: z.string().nullable(),
  task: z.string().nullable(),
  reason: z.string(),
  isApplied: z.boolean(),
  expectedNano: nano,
  expectedAskedNano: nano,
  rejected: z.array(z.object({ model: z.string(), tier: z.string().nullable(), why: z.string(), expectedNano: nano })),
  lostTokens: z.number(),
  retiresAt: moment.nullable(),
  /** Null until it is known. */
  savedNano: nano.nullable(),
})

/** One try of a cascade: a call of its own. */
const trySchema = z
  .object({
    id: z.string(),
    attempt: count,
    tier: z.string(),
    model: z.string().nullable(),
    status: z.int().nullable(),
    costNano: nano,
    isEstimated: z.boolean(),
  })
  .meta({ id: 'CascadeTry' })

/** Everything that is kept of a call. */
export const callDetailSchema = callSchema
  .extend({
    /** The id that the Claude API gave it. */
    upstreamId: z.string().nullable(),
    target: z.string(),
    headMs: z.number().nullable(),
    overheadMs: z.number(),
    requestBytes: count,
    responseBytes: count,
    usage: z
      .object({
        parts: z.array(tokensSchema.extend({ kind: z.string(), model: z.string() })),
        webSearches: count,
        speed: z.string(),
        geo: z.string().nullable(),
        tier: z.string(),
      })
      .nullable(),
    cost: z.object({
      nano,
      lines: z.array(costLineSchema),
      basis: z.string().nullable(),
      isEstimated: z.boolean(),
      priceVersion: z.string(),
    }),
    /** Tokens of the prompt expected before it was sent, and what they cannot exceed. */
    estimate: z.object({ tokens: z.number(), bound: z.number() }).nullable(),
    hold: z.object({ nano, budget: z.string().nullable(), clampedTo: z.number().nullable() }).nullable(),
    cache: cacheSchema.nullable(),
    route: routeSchema.nullable(),
    /** All tries of the cascade that it belongs to, the first one first: every one but the last was not good enough. Empty for all other calls. */
    tries: z.array(trySchema),
    degraded: z.array(
      z.object({
        kind: z.string(),
        budget: z.string(),
        /** Shares of the limit: where the step begins, and what was used. */
        at: z.number(),
        used: z.number(),
        change: z.string().nullable(),
        why: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'CallDetail' })

/** Everything that is kept of a call. */
export type ApiCallDetail = z.infer<typeof callDetailSchema>

/** Which calls, the newest first. */
export const callsQuery = pageQuery.extend({
  ...periodQuery.shape,
  ...filterQuery.shape,
  /** Only calls that ended so. */
  ending: z.enum(['exact', 'at-least', 'not-billed', 'unmetered']).optional(),
  /** Only calls that were refused with this code, `runguard_budget_exceeded` say; not those that only would have been. */
  refusal: z.string().min(1).max(100).optional(),
})

/** A page of calls. */
export const callsPageSchema = pageOf(callSchema)

/** A page of calls. */
export type ApiCallsPage = z.infer<typeof callsPageSchema>
