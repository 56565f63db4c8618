/** What the schemas of all subjects are made of. */

import { z } from 'zod'

/** A moment, in milliseconds since the epoch. */
export const moment = z.int().min(0).max(8_640_000_000_000_000)

/** Nano-dollars; signed where something may have lost money. */
export const nano = z.int()

/** A whole number of things. */
export const count = z.int().min(0)

/** True while calls that have ended wait to be added up: sums say too little then, for a moment, and lists lack the newest. */
export const behind = z.boolean()

/** Tokens by billing class. */
export const tokensSchema = z
  .object({ input: count, write5m: count, write1h: count, read: count, output: count })
  .meta({ id: 'Tokens' })

/** Tokens by billing class. */
export type Tokens = z.infer<typeof tokensSchema>

/** A name that callers, keys and people are known by. */
export const name = z.string().min(1).max(500)

/** A page of a list; `next` is what `cursor` takes for the page after it, null on the last one. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() })
}

/** A list without pages. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.null() })
}

/** A whole number as it stands in a query. */
export function wholeQuery(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be from ${least} to ${most}`)
}

/** A moment as it stands in a query. */
export const momentQuery = wholeQuery(0, 8_640_000_000_000_000)

/** Which page of a list. */
export const pageQuery = z.object({
  cursor: z.string().max(2_000).optional(),
  limit: wholeQuery(1, 200).optional(),
})

/** Calls from `since` (inclusive) to `until` (exclusive); by default the last 24 hours. */
export const periodQuery = z.object({ since: momentQuery.optional(), until: momentQuery.optional() })

/** Only calls of these; every one that is given must be met. An empty text stands for calls that name none. */
export const filterQuery = z.object({
  model: z.string().max(500).optional(),
  team: z.string().max(500).optional(),
  key: z.string().max(500).optional(),
  user: z.string().max(500).optional(),
  session: z.string().max(500).optional(),
  project: z.string().max(500).optional(),
  task: z.string().max(500).optional(),
  tag: z.string().max(500).optional(),
})

/** A path that names one thing. */
export const idParams = z.object({ id: z.string().min(1).max(1_000) })

/** How every refused request of the API is answered. */
export const errorSchema = z
  .object({
    error: z.object({
      /**
       * `invalid-request`, `not-signed-in`, `not-allowed`, `wrong-token`, `too-many-tries`, `wrong-host`, `cross-site`,
       * `csrf`, `not-found`, `method-not-allowed`, `conflict`, `too-large`, `not-available`, `failed`; more may come.
       */
      code: z.string(),
      /** For people. */
      message: z.string(),
      /** Everything that is wrong with the request, each with its place: `body.limitNano`. */
      problems: z.array(z.object({ path: z.string(), message: z.string() })),
    }),
  })
  .meta({ id: 'Error' })

/** How every refused request of the API is answered. */
export type ApiError = z.infer<typeof errorSchema>

/** The answer where nothing is to be said. */
export const doneSchema = z.object({ isDone: z.literal(true) }).meta({ id: 'Done' })

/** The answer where nothing is to be said. */
export type Done = z.infer<typeof doneSchema>
