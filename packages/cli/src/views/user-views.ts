/** People as a table and as JSON. */

import type { User } from '@runguard/sdk/core'
import type { UserRow } from '@runguard/sdk/store'
import type { OffsetAt } from '../settings/environment.js'
import type { Colors } from '../terminal.js'
import { isoOrNull } from './budget-views.js'
import { formatMoment, printable } from './format.js'
import { type Column, renderTable } from './table.js'

const columns: readonly Column[] = ['user', 'name', 'email', 'role', 'last sign-in'].map((title) => ({
  title,
  align: 'left',
}))

/** A row for each user. */
export function userTable(rows: readonly UserRow[], offsetAt: OffsetAt, colors: Colors): string {
  const cells = rows.map(({ user, lastLoginAt }) => [
    printable(user.id),
    printable(user.name),
    printable(user.email ?? ''),
    user.isDisabled ? `${user.role} (disabled)` : user.role,
    lastLoginAt === null ? 'never' : formatMoment(lastLoginAt, offsetAt(lastLoginAt)),
  ])
  return renderTable({ columns, rows: cells }, { title: colors.dim, total: colors.bold })
}

/** Somebody as JSON. The field names are a promise, as those of calls are. */
export function userJson({ id, name, email, role, isDisabled, token, createdAt }: User, lastLoginAt: number | null) {
  return {
    id,
    name,
    email,
    role,
    isDisabled,
    hasToken: token !== null,
    createdAt: new Date(createdAt).toISOString(),
    lastLoginAt: isoOrNull(lastLoginAt),
  }
}
