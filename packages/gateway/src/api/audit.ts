/** The audit log: who changed or read what. */

import { z } from 'zod'
import { count, moment, momentQuery, pageOf, pageQuery } from './common.js'

/** An entry. */
export const auditEntrySchema = z
  .object({
    /** 1, 2, 3, …: a number that is missing was taken away. */
    sequence: count,
    at: moment,
    actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    /** The operation: `budgets.put`. */
    action: z.string(),
    /** What was changed or read: the id of a budget, key, user, … */
    subject: z.string(),
    /** Where it came from, if it came over a network. */
    address: z.string().nullable(),
    before: z.unknown(),
    after: z.unknown(),
    /** The hash of the entry before; empty for the first. */
    previous: z.string(),
    /** Over this entry and the hash of the one before it. */
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' })

/** An entry. */
export type ApiAuditEntry = z.infer<typeof auditEntrySchema>

/** Which entries, the newest first. */
export const auditQuery = pageQuery.extend({
  action: z.string().max(200).optional(),
  actor: z.string().max(500).optional(),
  subject: z.string().max(1_000).optional(),
  since: momentQuery.optional(),
  until: momentQuery.optional(),
})

/** A page of entries. */
export const auditPageSchema = pageOf(auditEntrySchema)

/** A page of entries. */
export type ApiAuditPage = z.infer<typeof auditPageSchema>

/** Whether the chain holds. */
export const auditVerifySchema = z
  .object({
    isSound: z.boolean(),
    entries: count,
    /** The hash of the newest entry; empty without any. */
    head: z.string(),
    /** What is wrong, in the order of the entries. */
    findings: z.array(
      z.object({ sequence: count, problem: z.enum(['edited', 'missing', 'out-of-order', 'unchained', 'rewritten']) }),
    ),
  })
  .meta({ id: 'AuditVerification' })

/** Whether the chain holds. */
export type ApiAuditVerification = z.infer<typeof auditVerifySchema>
