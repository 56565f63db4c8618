import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Database from 'libsql'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../../scripts/testing/postgres-server.js'
import type { AuditHead } from '../core/team/audit.js'
import { verifyAudit } from './audit-hash.js'
import type { AuditStore } from './audit-store.js'
import { postgresStore } from './postgres.js'
import { sqliteStore } from './sqlite.js'

const WRITER = fileURLToPath(new URL('../../test/audit-writer.mjs', import.meta.url))
const run = promisify(execFile)

let folder = ''
let server: PostgresServer | undefined
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runguard-audit-'))
  server = await startPostgres()
}, 60_000)
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** What a writer was told of its entries. */
async function write(task: object): Promise<AuditHead[]> {
  const { stdout } = await run(process.execPath, [WRITER, JSON.stringify(task)])
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
  return lines.map(([sequence, hash = '']) => ({ sequence: Number(sequence), hash }))
}

async function expectOneChain(store: AuditStore, heads: readonly AuditHead[]): Promise<void> {
  expect(new Set(heads.map(({ sequence }) => sequence)).size).toBe(heads.length)
  expect(await verifyAudit(store, heads)).toMatchObject({ head: { sequence: heads.length }, findings: [] })
}

describe('an audit log that several processes write', () => {
  it('is one chain with every entry, in a file', async () => {
    const path = join(folder, 'processes.db')
    await sqliteStore(new Database(path)).close()
    const heads = await Promise.all(['a', 'b', 'c'].map((name) => write({ name, path, entries: 60 })))
    const store = sqliteStore(new Database(path))
    await expectOneChain(store, heads.flat())
    await store.close()
  }, 60_000)

  it('is one chain with every entry, on PostgreSQL', async () => {
    const url = await server?.schemaUrl('audit')
    const heads = await Promise.all(['a', 'b', 'c'].map((name) => write({ name, url, entries: 60 })))
    const store = await postgresStore(new pg.Pool({ connectionString: url, max: 1 }).on('error', () => {}))
    await expectOneChain(store, heads.flat())
    await store.close()
  }, 60_000)
})

/** What somebody with the file could do, and what is then found. */
const tampering: readonly (readonly [string, string, string])[] = [
  ['an edited word', "UPDATE audit_entries SET subject = 'x' WHERE sequence = 3", 'edited'],
  ['an edited detail', `UPDATE audit_entries SET detail = replace(detail, '"t"', '"u"') WHERE sequence = 3`, 'edited'],
  ['an edited time', 'UPDATE audit_entries SET at = at + 1 WHERE sequence = 3', 'edited'],
  ['a row less', 'DELETE FROM audit_entries WHERE sequence = 3', 'missing'],
  ['the last row less', 'DELETE FROM audit_entries WHERE sequence = 5', 'missing'],
  ['the last row less, with the head', truncation(), 'missing'],
  ['all rows less', 'DELETE FROM audit_entries', 'missing'],
]

function truncation(): string {
  return `DELETE FROM audit_entries WHERE sequence = 5;
    UPDATE audit_head SET sequence = 4, hash = (SELECT hash FROM audit_entries WHERE sequence = 4)`
}

describe('an audit log in a file', () => {
  it.each(tampering)('is found wrong with %s', async (_, sql, problem) => {
    const path = join(folder, `${Math.random()}.db`)
    const store = sqliteStore(new Database(path))
    const actor = { kind: 'cli', id: 't', name: 't' } as const
    for (let at = 0; at < 5; at++) {
      await store.addAudit({ at, actor, action: 'a', subject: 's', address: null, before: null, after: null })
    }
    const noted = await store.auditHead()
    expect((await verifyAudit(store, [noted])).findings).toEqual([])
    const raw = new Database(path)
    raw.exec(sql)
    raw.close()
    const { findings } = await verifyAudit(store, [noted])
    expect(findings.map((finding) => finding.problem)).toContain(problem)
    await store.close()
  })
})
