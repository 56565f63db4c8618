/** Gateway keys as a table and as JSON. */

import { type GatewayKey, keyStatus } from '@runguard/sdk/core'
import type { KeyRow } from '@runguard/sdk/store'
import type { OffsetAt } from '../settings/environment.js'
import type { Colors } from '../terminal.js'
import { isoOrNull } from './budget-views.js'
import { formatMoment, printable } from './format.js'
import { type Column, renderTable } from './table.js'

const columns: readonly Column[] = ['key', 'name', 'account', 'status', 'last used', 'expires'].map((title) => ({
  title,
  align: 'left',
}))

/** What a table is shown with. */
export interface KeyTableFacts {
  readonly nowMs: number
  readonly offsetAt: OffsetAt
  readonly colors: Colors
}

/** A row for each key. */
export function keyTable(rows: readonly KeyRow[], { nowMs, offsetAt, colors }: KeyTableFacts): string {
  const moment = (atMs: number | null, none: string): string =>
    atMs === null ? none : formatMoment(atMs, offsetAt(atMs))
  const cells = rows.map(({ key, lastUsedAt }) => [
    key.id,
    printable(key.name),
    accountText(key),
    keyStatus(key, nowMs),
    moment(lastUsedAt, 'never'),
    moment(key.expiresAt, 'never'),
  ])
  return renderTable({ columns, rows: cells }, { title: colors.dim, total: colors.bold })
}

function accountText({ team, user, project }: GatewayKey): string {
  const parts = Object.entries({ team, user, project }).filter(([, name]) => name !== null)
  return parts.map(([kind, name]) => `${kind}:${printable(String(name))}`).join(' ')
}

/** A key as JSON. The field names are a promise, as those of calls are. No hash of anything is among them. */
export function keyJson(key: GatewayKey, nowMs: number, lastUsedAt: number | null = null) {
  const { id, name, team, user, project, createdAt, createdBy } = key
  return {
    id,
    name,
    team,
    user,
    project,
    status: keyStatus(key, nowMs),
    createdAt: new Date(createdAt).toISOString(),
    createdBy,
    expiresAt: isoOrNull(key.expiresAt),
    rotatedAt: isoOrNull(key.rotatedAt),
    revokedAt: isoOrNull(key.revokedAt),
    lastUsedAt: isoOrNull(lastUsedAt),
  }
}
