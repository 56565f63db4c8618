/** The SQL of alerts and of the messages about them. */

import type { Alert } from '../core/alert/alert.js'
import type { Delivery } from '../core/alert/delivery.js'
import { compareAlerts, compareDeliveries } from './memory-outbox.js'
import type { AlertQuery, DeliveryQuery, DeliveryTake, OutboxStore, PagePlace } from './outbox-store.js'
import type { RunStatement } from './sessions-sql.js'
import {
  type Columns,
  type Dialect,
  encodeRows,
  insertText,
  type SqlRow,
  type SqlValue,
  type Statement,
  type Steps,
  type Transact,
} from './sql.js'
import { cleanText } from './summary.js'

/** Alerts and their messages over a database. */
export function sqlOutbox(dialect: Dialect, fetchRows: RunStatement, transact: Transact): OutboxStore {
  return {
    writeAlert: (alert, deliveries) => transact(() => writeAlert(dialect, alert, deliveries)),
    async findAlert(name) {
      const text = 'SELECT detail FROM alert_log WHERE id = ? OR alert_id = ?'
      return (await fetchRows({ text, values: [cleanText(name), cleanText(name)] })).map(readAlert)[0] ?? null
    },
    async listAlerts(query) {
      return (await fetchRows(selectAlerts(query))).map(readAlert).sort(compareAlerts)
    },
    async endingAlerts(at, limit) {
      const text = 'SELECT detail FROM alert_log WHERE resolved_at IS NULL AND resolves_at <= ? LIMIT ?'
      return (await fetchRows({ text, values: [at, limit] })).map(readAlert)
    },
    async addDelivery(delivery) {
      await transact(() => addDeliveries(dialect, [delivery]))
    },
    async takeDeliveries(take) {
      // A write waits for others of the same file: most of the time there is nothing to take.
      const ids = (await fetchRows(selectDue(take))).map(({ id }) => String(id))
      return ids.length === 0 ? [] : await transact(() => lockDeliveries(dialect, ids, take))
    },
    endAttempt: (delivery, owner) => transact(() => endAttempt(delivery, owner)),
    async findDelivery(id) {
      const text = `SELECT ${DELIVERY} FROM alert_deliveries WHERE id = ?`
      return (await fetchRows({ text, values: [cleanText(id)] })).map(readDelivery)[0] ?? null
    },
    async listDeliveries(query) {
      return (await fetchRows(selectDeliveries(query))).map(readDelivery).sort(compareDeliveries)
    },
    async forgetAlerts(before) {
      await transact(() => forgetAlerts(before))
    },
  }
}

const INSERT_ALERT = `INSERT INTO alert_log
  (alert_id, version, kind, opened_at, resolves_at, resolved_at, is_acknowledged, detail, id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING RETURNING id`
const UPDATE_ALERT = `UPDATE alert_log SET alert_id = ?, version = ?, kind = ?, opened_at = ?, resolves_at = ?,
  resolved_at = ?, is_acknowledged = ?, detail = ? WHERE id = ? AND version = ? RETURNING id`

function* writeAlert(dialect: Dialect, alert: Alert, deliveries: readonly Delivery[]): Steps<boolean> {
  const { id, key, version, kind, openedAt, resolvesAt, resolvedAt } = alert
  const isAcknowledged = Number(alert.acknowledged !== null)
  const moments = [openedAt, resolvesAt, resolvedAt]
  const values = [id, version, kind, ...moments, isAcknowledged, JSON.stringify(alert), cleanText(key)]
  const rows = yield version === 1
    ? { text: INSERT_ALERT, values }
    : { text: UPDATE_ALERT, values: [...values, version - 1] }
  if (rows.length > 0) yield* addDeliveries(dialect, deliveries)
  return rows.length > 0
}

const DELIVERY_COLUMNS: Columns = {
  id: 'TEXT',
  alert_key: 'TEXT',
  channel: 'TEXT',
  position: 'BIGINT',
  status: 'TEXT',
  created_at: 'BIGINT',
  due_at: 'BIGINT',
  owner: 'TEXT',
  locked_until: 'BIGINT',
  detail: 'TEXT',
}

function* addDeliveries(dialect: Dialect, deliveries: readonly Delivery[]): Steps<void> {
  if (deliveries.length === 0) return
  const rows = deliveries.map((each) => [
    ...[each.id, cleanText(each.alertKey), each.channel, each.position, each.status, each.createdAt, each.dueAt],
    ...[each.owner, each.lockedUntil, JSON.stringify(each)],
  ])
  const text = insertText(dialect, 'alert_deliveries', DELIVERY_COLUMNS, 'ON CONFLICT (id) DO NOTHING')
  yield { text, values: [encodeRows(rows)] }
}

const SELECT_DUE = `SELECT id FROM alert_deliveries WHERE status = 'waiting' AND channel = ? AND due_at <= ?
  AND locked_until <= ? AND NOT EXISTS (
    SELECT 1 FROM alert_deliveries ahead WHERE ahead.alert_key = alert_deliveries.alert_key
      AND ahead.channel = alert_deliveries.channel AND ahead.status = 'waiting'
      AND ahead.position < alert_deliveries.position)
  ORDER BY due_at, id LIMIT ?`

function selectDue({ channel, at, limit }: DeliveryTake): Statement {
  return { text: SELECT_DUE, values: [channel, at, at, limit] }
}

/** What changes while a message waits stands in columns of its own. */
const DELIVERY = 'detail, owner, locked_until'

/** Whoever took one first has it: the conditions hold again at the moment of the change. */
function* lockDeliveries(dialect: Dialect, ids: readonly string[], take: DeliveryTake): Steps<readonly Delivery[]> {
  const text = `UPDATE alert_deliveries SET owner = ?, locked_until = ? WHERE ${dialect.isOneOf('id')}
    AND status = 'waiting' AND due_at <= ? AND locked_until <= ? RETURNING ${DELIVERY}`
  const list = encodeRows(ids.map((id) => [id]))
  const rows = yield { text, values: [take.owner, take.lockUntil, list, take.at, take.at] }
  return rows.map(readDelivery).sort((a, b) => a.dueAt - b.dueAt)
}

const END_ATTEMPT = `UPDATE alert_deliveries SET status = ?, due_at = ?, owner = ?, locked_until = ?, detail = ?
  WHERE id = ? AND owner = ? RETURNING id`

function* endAttempt(delivery: Delivery, owner: string): Steps<boolean> {
  const { id, status, dueAt, lockedUntil } = delivery
  const values = [status, dueAt, delivery.owner, lockedUntil, JSON.stringify(delivery), id, owner]
  return (yield { text: END_ATTEMPT, values }).length > 0
}

const FORGET_ALERTS = `DELETE FROM alert_log WHERE resolved_at < ? AND NOT EXISTS (
  SELECT 1 FROM alert_deliveries WHERE alert_key = alert_log.id AND status = 'waiting')`
const FORGET_DELIVERIES = `DELETE FROM alert_deliveries WHERE status <> 'waiting' AND NOT EXISTS (
  SELECT 1 FROM alert_log WHERE alert_log.id = alert_key)`

function* forgetAlerts(before: number): Steps<void> {
  yield { text: FORGET_ALERTS, values: [before] }
  yield { text: FORGET_DELIVERIES, values: [] }
}

type Condition = readonly [text: string, ...values: SqlValue[]]

const STATUS = {
  open: 'resolved_at IS NULL',
  acknowledged: 'resolved_at IS NULL AND is_acknowledged = 1',
  resolved: 'resolved_at IS NOT NULL',
} as const

function selectAlerts({ status, kind, after, limit }: AlertQuery): Statement {
  return select('detail', 'alert_log', ['opened_at', 'alert_id'], limit, [
    ...(status === undefined ? [] : [[STATUS[status]] as const]),
    ...(kind === undefined ? [] : [['kind = ?', kind] as const]),
    ...behind('opened_at', 'alert_id', after),
  ])
}

function selectDeliveries({ alert, channel, status, after, limit }: DeliveryQuery): Statement {
  return select(DELIVERY, 'alert_deliveries', ['created_at', 'id'], limit, [
    ...(alert === undefined ? [] : [['alert_key = ?', cleanText(alert)] as const]),
    ...(channel === undefined ? [] : [['channel = ?', channel] as const]),
    ...(status === undefined ? [] : [['status = ?', status] as const]),
    ...behind('created_at', 'id', after),
  ])
}

function behind(at: string, id: string, after: PagePlace | undefined): Condition[] {
  if (after === undefined) return []
  return [[`(${at} < ? OR (${at} = ? AND ${id} < ?))`, after.at, after.at, cleanText(after.id)]]
}

/** The newest first. */
function select(
  columns: string,
  table: string,
  order: readonly string[],
  limit: number,
  conditions: readonly Condition[],
): Statement {
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.map(([text]) => text).join(' AND ')}`
  const text = `SELECT ${columns} FROM ${table}${where} ORDER BY ${order.map((each) => `${each} DESC`).join(', ')} LIMIT ?`
  return { text, values: [...conditions.flatMap(([, ...values]) => values), limit] }
}

function readAlert({ detail }: SqlRow): Alert {
  return JSON.parse(String(detail)) as Alert
}

function readDelivery({ detail, owner, locked_until: lockedUntil }: SqlRow): Delivery {
  const kept = JSON.parse(String(detail)) as Delivery
  return { ...kept, owner: owner === null ? null : String(owner), lockedUntil: Number(lockedUntil) }
}
