/** Alerting in a process of its own, to be killed: tells alerts into a file and sends what waits there. */

import { defaultAlertPolicy } from '@runguard/sdk/core'
import { systemRuntime } from '@runguard/sdk/engine'
import { sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import { openAlerting } from '../dist/alerting/alerting.js'

const [path, url, first, count, laterMs] = process.argv.slice(2)
const system = systemRuntime()
const runtime = { ...system, now: () => system.now() + Number(laterMs) }
const store = sqliteStore(new Database(path))
const channels = [{ name: 'hook', kind: 'webhook', url, secret: 'a-secret-of-the-receiver' }]
const rules = [{ send: ['hook'], kinds: null, least: 'info', about: null }]
const alerting = openAlerting({ store, runtime, policy: { ...defaultAlertPolicy, channels, rules } })

for (let index = Number(first); index < Number(first) + Number(count); index++) {
  const crossing = {
    key: `budget-${index}|80`,
    budget: 'b',
    // Each is of another kind of thing: these are no storm.
    scope: `kind-${index}`,
    percent: 80,
    spent: 80,
    limit: 100,
    resetsAt: null,
    at: runtime.now(),
  }
  alerting.tell({ kind: 'budget', crossing })
  while ((await store.findAlert(`budget|budget-${index}|80|100`)) === null) await runtime.sleep(1)
  process.stdout.write(`kept ${index}\n`)
}
await runtime.sleep(60_000)
