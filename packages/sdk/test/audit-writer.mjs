/** Adds entries to an audit log, while other processes do the same. Its argument is a task as JSON. */

import Database from 'libsql'
import pg from 'pg'
import { postgresStore, sqliteStore } from '../dist/store/index.js'

const { name, path, url, entries } = JSON.parse(process.argv[2])
const pool = url === undefined ? null : new pg.Pool({ connectionString: url, max: 3 }).on('error', () => {})
const store = pool === null ? sqliteStore(new Database(path), { busyTimeoutMs: 20_000 }) : await postgresStore(pool)
const actor = { kind: 'cli', id: name, name }
for (let at = 0; at < entries; at += 3) {
  const drafts = [0, 1, 2].map((more) => ({ at: at + more, actor, action: 'test', subject: '', address: null }))
  const added = drafts.map((draft) => store.addAudit({ ...draft, before: null, after: { name } }))
  for (const { sequence, hash } of await Promise.all(added)) process.stdout.write(`${sequence} ${hash}\n`)
}
await store.close()
