/** `runguard audit`: who changed what, and whether that log is still as it was written. */

import type { AuditEntry, AuditHead } from '@runguard/sdk/core'
import { type AuditVerification, verifyAudit } from '@runguard/sdk/store'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { noteRead } from '../operations/noted-change.js'
import type { Environment } from '../settings/environment.js'
import { changeStore, describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { OpenStore, StoreFlags } from '../settings/store-place.js'
import { auditTable, entryJson, findingLine, headText } from '../views/audit-views.js'
import { wholeCount } from '../views/format.js'
import { parseSince } from '../views/moments.js'

/** The flags that all commands about the log have. */
export interface AuditFlags extends StoreFlags {
  readonly json?: boolean
}

/** The flags of `audit tail`. */
export interface AuditTailFlags extends AuditFlags {
  readonly limit: number
  readonly action?: string
  readonly actor?: string
  readonly subject?: string
  readonly since?: string
}

/** Prints the newest entries, the last one at the end. */
export async function runAuditTail(environment: Environment, options: AuditTailFlags): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const { limit, action, actor, subject, since } = options
  const query = {
    limit,
    ...(action === undefined ? {} : { action }),
    ...(actor === undefined ? {} : { actor }),
    ...(subject === undefined ? {} : { subject }),
    ...(since === undefined ? {} : { since: parseSince(since, { nowMs: environment.now(), offsetAt }) }),
  }
  const place = await findPlace(environment, options)
  const found = await useStore<readonly AuditEntry[]>(place, [], (store) => store.listAudit(query))
  const entries = found.toReversed()
  if (options.json) for (const entry of entries) terminal.print(JSON.stringify(entryJson(entry)))
  else if (entries.length > 0) terminal.print(auditTable(entries, offsetAt, terminal.colors))
  if (entries.length === 0) terminal.say(`No such entries in ${describePlace(place)}.`)
  return exitCodes.ok
}

/** Reads all of it, and fails if something is wrong. */
export async function runAuditVerify(
  environment: Environment,
  options: AuditFlags & { readonly head: readonly string[] },
): Promise<ExitCode> {
  const { terminal } = environment
  const known = options.head.map(readHead)
  const place = await findPlace(environment, options)
  const nothing: AuditVerification = { head: { sequence: 0, hash: '' }, findings: [] }
  const { head, findings } = await useStore(place, nothing, (store) => verifyAudit(store, known))
  const isMissing = findings.length === 0 && head.sequence === 0 && known.length > 0
  const isSound = findings.length === 0 && !isMissing
  if (options.json) terminal.print(JSON.stringify({ isSound, entries: head.sequence, head: headText(head), findings }))
  else if (isSound)
    terminal.print(`${wholeCount(head.sequence)} entries, each as it was written. Head: ${headText(head)}`)
  else for (const finding of findings) terminal.print(findingLine(finding))
  if (isMissing) terminal.say('There is no log here, but a head of it is known.')
  if (isSound && known.length === 0) {
    terminal.say('Note the head down elsewhere: with --head a log that was written anew is found out as well.')
  }
  return isSound ? exitCodes.ok : exitCodes.failure
}

const PAGE = 1_000

/** Prints all of it as lines of JSON, and its head as the last one. That it was read out is itself an entry. */
export async function runAuditExport(environment: Environment, options: AuditFlags): Promise<ExitCode> {
  const { terminal } = environment
  const place = await findPlace(environment, options)
  await changeStore(place, async (store) => {
    await noteRead(store, environment, { action: 'audit.export', subject: '', before: null, after: null })
    const head = await store.auditHead()
    await printUpTo(environment, store, head)
    terminal.print(JSON.stringify({ kind: 'audit-head', head: headText(head) }))
  })
  return exitCodes.ok
}

async function printUpTo({ terminal }: Environment, store: OpenStore, head: AuditHead): Promise<void> {
  for (let after = 0; after < head.sequence; ) {
    const page = await store.listAudit({ after, limit: PAGE })
    for (const entry of page) if (entry.sequence <= head.sequence) terminal.print(JSON.stringify(entryJson(entry)))
    const last = page.at(-1)
    if (last === undefined) return
    after = last.sequence
  }
}

function readHead(written: string): AuditHead {
  const [, sequence, hash = ''] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(written.trim().toLowerCase()) ?? []
  if (sequence !== undefined) return { sequence: Number(sequence), hash }
  throw new CommandError(
    '--head is the number of an entry and its hash, as verify prints it: 42:9f86d0…',
    exitCodes.config,
  )
}
