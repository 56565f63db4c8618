/** What every audit log must do. Run it against an implementation of your own, as {@link storeSuite} is run. */

import assert from 'node:assert/strict'
import type { AuditDraft } from '../core/team/audit.js'
import { verifyAudit } from '../store/audit-hash.js'
import type { RegistryCheck } from './store-suite-registry.js'

const ODD = `o'clock "x"; DROP TABLE audit_entries; -- ü 漢 🙂`

function draft(changes: Partial<AuditDraft> = {}): AuditDraft {
  const actor = { kind: 'user', id: 'alice', name: 'Alice' } as const
  return {
    at: 1_000,
    actor,
    action: 'keys.create',
    subject: 'k1',
    address: null,
    before: null,
    after: null,
    ...changes,
  }
}

/** The checks, each for a store of its own. */
export const auditSuite: readonly RegistryCheck[] = [
  {
    name: 'audit: gives back what it was told, each entry chained to the one before',
    check: async (store) => {
      assert.deepEqual(await store.auditHead(), { sequence: 0, hash: '' })
      const first = await store.addAudit(draft({ after: { b: [1, null], a: ODD } }))
      const actor = { kind: 'cli', id: ODD, name: ODD } as const
      const second = await store.addAudit(
        draft({ actor, action: ODD, subject: ODD, address: '::1', before: { x: 1.5 } }),
      )
      assert.deepEqual([first.sequence, first.previous, second.sequence, second.previous], [1, '', 2, first.hash])
      assert.deepEqual(await store.listAudit({ limit: 10 }), [second, first])
      assert.deepEqual(await store.auditHead(), { sequence: 2, hash: second.hash })
      assert.deepEqual(await verifyAudit(store), { head: { sequence: 2, hash: second.hash }, findings: [] })
    },
  },
  {
    name: 'audit: pages in both directions, and finds by who, what and when',
    check: async (store) => {
      for (let at = 1; at <= 6; at++) {
        const actor = { kind: 'user', id: at % 2 === 0 ? 'bob' : 'alice', name: '' } as const
        await store.addAudit(
          draft({ at, actor, action: at > 3 ? 'keys.revoke' : 'keys.create', subject: `k${at % 3}` }),
        )
      }
      const list = async (query: object) =>
        (await store.listAudit({ limit: 10, ...query })).map(({ sequence }) => sequence)
      assert.deepEqual(await list({ limit: 2 }), [6, 5])
      assert.deepEqual(await list({ before: 5, limit: 2 }), [4, 3])
      assert.deepEqual(await list({ after: 0, limit: 2 }), [1, 2])
      assert.deepEqual(await list({ after: 4 }), [5, 6])
      assert.deepEqual(await list({ actor: 'bob' }), [6, 4, 2])
      assert.deepEqual(await list({ action: 'keys.create', actor: 'bob' }), [2])
      assert.deepEqual(await list({ subject: 'k0' }), [6, 3])
      assert.deepEqual(await list({ since: 2, until: 4 }), [3, 2])
      assert.deepEqual(await list({ actor: `bob' OR '1'='1` }), [])
    },
  },
  {
    name: 'audit: keeps names that no database could keep as they are, and stays verifiable',
    check: async (store) => {
      const actor = { kind: 'user', id: 'a\0', name: '\ud800' } as const
      const entry = await store.addAudit(draft({ actor, subject: 'x\0y', after: { 'k\0': '\ud800\0' } }))
      assert.deepEqual(await store.listAudit({ limit: 1 }), [entry])
      assert.deepEqual((await store.listAudit({ subject: 'x\0y', actor: 'a\0', limit: 1 })).length, 1)
      assert.deepEqual((await verifyAudit(store)).findings, [])
    },
  },
  {
    name: 'audit: refuses what is nested without end, and goes on',
    check: async (store) => {
      const round: Record<string, unknown> = {}
      round.self = round
      await assert.rejects(async () => store.addAudit(draft({ after: round })), RangeError)
      assert.equal((await store.addAudit(draft())).sequence, 1)
    },
  },
  {
    name: 'audit: is one chain, however many entries are added at once',
    check: async (store) => {
      const entries = await Promise.all(Array.from({ length: 25 }, (_, at) => store.addAudit(draft({ at }))))
      assert.equal(new Set(entries.map(({ sequence }) => sequence)).size, 25)
      assert.equal((await store.auditHead()).sequence, 25)
      assert.deepEqual((await verifyAudit(store)).findings, [])
    },
  },
  {
    name: 'audit: adds the entry of what was begun in the moment that ends it, and once',
    check: async (store) => {
      await store.beginAudit({ id: 'rg_1', draft: draft({ at: 5, subject: ODD, before: { x: '\0' } }) })
      await store.beginAudit({ id: 'rg_2', draft: draft({ at: 4 }) })
      await store.beginAudit({ id: 'rg_3', draft: draft({ at: 9 }) })
      assert.equal((await store.auditHead()).sequence, 0)
      const begun = await store.begunAudits(9, 10)
      assert.deepEqual(
        begun.map(({ id }) => id),
        ['rg_2', 'rg_1'],
      )
      assert.deepEqual(begun[1]?.draft, draft({ at: 5, subject: ODD, before: { x: '\0' } }))
      assert.deepEqual((await store.begunAudits(9, 1)).length, 1)
      assert.equal(await store.endAudit('rg_2', null), null)
      const both = await Promise.all([1, 2].map((at) => store.endAudit('rg_1', draft({ at }))))
      assert.deepEqual(both.map((entry) => entry?.sequence ?? 0).sort(), [0, 1])
      assert.equal(await store.endAudit('rg_2', draft()), null)
      assert.deepEqual(
        (await store.begunAudits(99, 10)).map(({ id }) => id),
        ['rg_3'],
      )
      assert.deepEqual((await verifyAudit(store)).head.sequence, 1)
    },
  },
  {
    name: 'audit: is found rewritten by a head that was noted down elsewhere',
    check: async (store) => {
      const { sequence, hash } = await store.addAudit(draft())
      assert.deepEqual((await verifyAudit(store, [{ sequence, hash }])).findings, [])
      const other = { sequence, hash: '0'.repeat(64) }
      assert.deepEqual((await verifyAudit(store, [other])).findings, [{ sequence: 1, problem: 'rewritten' }])
      const later = { sequence: 5, hash }
      assert.deepEqual((await verifyAudit(store, [later])).findings, [{ sequence: 2, problem: 'missing' }])
    },
  },
]
