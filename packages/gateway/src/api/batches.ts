/** Batches that were created through a door. */

import { z } from 'zod'
import { scopeSchema } from './calls.js'
import { count, listOf, moment, nano } from './common.js'

/** A batch. */
const batchSchema = z
  .object({
    id: z.string(),
    /** The id of the call that created it. */
    call: z.string(),
    items: count,
    /** What was set aside for it. */
    heldNano: nano,
    /** What its items cost, as far as they are billed; null until they are settled. */
    costNano: nano.nullable(),
    createdAt: moment,
    /** Null until its results were read. */
    settledAt: moment.nullable(),
    scope: scopeSchema,
    client: z.string().nullable(),
  })
  .meta({ id: 'Batch' })

/** The newest, at most 200. */
export const batchesSchema = listOf(batchSchema)

/** The newest batches. */
export type ApiBatches = z.infer<typeof batchesSchema>
