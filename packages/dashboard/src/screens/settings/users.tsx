/** People who sign in, and their roles. */

import type { ApiUser } from '@runguard/gateway/api'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useUsers } from '../../api/queries.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Badge } from '../../parts/badge.jsx'
import { Button } from '../../parts/button.jsx'
import { ageColumn, nameColumn } from '../../parts/columns.jsx'
import { Loaded } from '../../parts/loaded.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Panel } from '../../parts/panel.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { RemoveUser, UserDialog } from './user-dialog.jsx'

/** The list; only admins see it. */
export function Users() {
  const reason = useReasonAgainst('admin')
  if (reason === null) return <UserList />
  return (
    <Panel>
      <EmptyState title="Not for your role" text={reason} />
    </Panel>
  )
}

type Asked = { readonly kind: 'new' } | { readonly kind: 'edit' | 'remove'; readonly user: ApiUser }

function UserList() {
  const query = useUsers()
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = () => setAsked(null)
  return (
    <Loaded query={query} lines={5}>
      {({ items }) => (
        <TablePanel
          title="Users"
          actions={
            <Button look="primary" isSmall onClick={() => setAsked({ kind: 'new' })}>
              <Plus size={13} aria-hidden />
              New user
            </Button>
          }
          caption="Users"
          fileName="users"
          columns={COLUMNS}
          rows={items}
          rowKey={({ id }) => id}
          rowAction={(user) => <Actions user={user} onAsk={setAsked} />}
          isSortable={false}
          empty={NO_USERS}
        >
          {asked?.kind === 'new' ? <UserDialog user={null} onClose={close} /> : null}
          {asked?.kind === 'edit' ? <UserDialog user={asked.user} onClose={close} /> : null}
          {asked?.kind === 'remove' ? <RemoveUser user={asked.user} onClose={close} /> : null}
        </TablePanel>
      )}
    </Loaded>
  )
}

const NO_USERS = (
  <EmptyState
    title="No users yet"
    text="Until there are some, only the admin token signs in."
    command="runguard user add ada@example.com --role viewer"
  />
)

function Actions({ user, onAsk }: { user: ApiUser; onAsk: (asked: Asked) => void }) {
  return (
    <span className="inline-flex gap-1">
      <Button isSmall aria-label={`Edit ${user.name}`} onClick={() => onAsk({ kind: 'edit', user })}>
        Edit
      </Button>
      <Button isSmall look="danger" aria-label={`Remove ${user.name}`} onClick={() => onAsk({ kind: 'remove', user })}>
        Remove
      </Button>
    </span>
  )
}

const COLUMNS: readonly Column<ApiUser>[] = [
  nameColumn('Name', ({ name }) => name, { isWide: true, isStrong: true }),
  nameColumn('Id', ({ id }) => id, { isExtra: true }),
  nameColumn('E-mail', ({ email }) => email, { isDetail: true }),
  {
    title: 'Role',
    cell: ({ role }) => <Badge tone={role === 'admin' ? 'good' : 'plain'}>{role}</Badge>,
    value: ({ role }) => role,
  },
  {
    title: 'State',
    cell: ({ isDisabled }) => (isDisabled ? <Badge tone="warn">disabled</Badge> : 'active'),
    value: ({ isDisabled }) => (isDisabled ? 'disabled' : 'active'),
    isDetail: true,
  },
  ageColumn('Last sign-in', ({ lastLoginAt }) => lastLoginAt, { isDetail: true }),
]
