/** A budget and its accounts. */

import type { ApiBudget, ApiBudgetAccounts } from '@runguard/gateway/api'
import { Crosshair, Eye, FileText, Pause, Pencil, Trash2 } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useBudgetAccounts } from '../../api/queries.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Badge } from '../../parts/badge.jsx'
import { BudgetBar } from '../../parts/budget-bar.jsx'
import { Button } from '../../parts/button.jsx'
import { classes } from '../../parts/class-names.js'
import { useNow } from '../../parts/clock.js'
import { countOf, formatAge, formatMoney, formatShare } from '../../parts/format.js'
import { Money } from '../../parts/money.jsx'
import { Paged } from '../../parts/pages.jsx'
import { scopeWords, stepWords, windowWords } from './budget-words.js'

const SHOWN_ACCOUNTS = 3

/** What a row takes. */
export interface BudgetRowProps {
  readonly budget: ApiBudget
  /** True for the one that the address names: it is brought into sight. */
  readonly isMeant: boolean
  readonly onEdit: () => void
  readonly onRemove: () => void
}

/** One budget. The account that binds is marked. */
export function BudgetRow(props: BudgetRowProps) {
  const { budget, isMeant, onEdit, onRemove } = props
  const [showsAll, setShowsAll] = useState(false)
  const row = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (isMeant) row.current?.scrollIntoView({ block: 'center' })
  }, [isMeant])
  const accounts = showsAll ? budget.accounts : budget.accounts.slice(0, SHOWN_ACCOUNTS)
  const hidden = budget.accountCount - accounts.length
  return (
    <li
      ref={row}
      aria-current={isMeant ? 'true' : undefined}
      className={classes('px-4 py-3', isMeant && 'bg-accent-soft')}
    >
      <div className="mb-2 flex flex-wrap items-center gap-x-3 gap-y-1">
        <h4 className="min-w-0 truncate text-sm font-medium">
          <bdi title={budget.id}>{budget.name ?? budget.id}</bdi>
        </h4>
        <span className="text-xs text-ink-3">
          <Money nano={budget.limitNano} className="font-medium text-ink-2" /> {windowWords[budget.window]},{' '}
          {scopeWords(budget.scope)}
        </span>
        <BudgetBadges budget={budget} />
        <Actions budget={budget} onEdit={onEdit} onRemove={onRemove} />
      </div>
      <Ladder steps={budget.degrade} />
      {showsAll && hidden > 0 ? <AllAccounts budget={budget} /> : <AccountLines accounts={accounts} budget={budget} />}
      {budget.accounts.length > SHOWN_ACCOUNTS || hidden > 0 ? (
        <Button look="quiet" isSmall className="mt-1 -ml-2" onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? 'Show the fullest only' : countOf(hidden, 'more account')}
        </Button>
      ) : null}
    </li>
  )
}

/** Page by page: there may be one for each session that ever was. */
function AllAccounts({ budget }: { budget: ApiBudget }) {
  const query = useBudgetAccounts(budget.id)
  return <Paged query={query}>{(accounts) => <AccountLines accounts={accounts} budget={budget} />}</Paged>
}

type Account = ApiBudgetAccounts['items'][number]

function AccountLines({ accounts, budget }: { accounts: readonly Account[]; budget: ApiBudget }) {
  // Sessions of one user have accounts of one name: only their places differ.
  const lines = accounts.map((account, place) => ({ account, name: `${account.scope} ${place}` }))
  return (
    <ul className="space-y-2">
      {lines.map(({ account, name }) => (
        <AccountLine key={name} account={account} budget={budget} />
      ))}
    </ul>
  )
}

function Ladder({ steps }: { steps: ApiBudget['degrade'] }) {
  if (steps.length === 0) return null
  return <p className="mb-2 text-xs text-ink-3">As it runs low, {steps.map(stepWords).join('; ')}.</p>
}

function BudgetBadges({ budget }: { budget: ApiBudget }) {
  return (
    <>
      {budget.accounts.some(({ isBinding }) => isBinding) ? (
        <Badge tone="good" icon={Crosshair}>
          binding
        </Badge>
      ) : null}
      {budget.mode === 'observe' ? <Badge icon={Eye}>only watches</Badge> : null}
      {budget.isPaused ? (
        <Badge tone="warn" icon={Pause}>
          paused
        </Badge>
      ) : null}
      {budget.source === 'config' ? <Badge icon={FileText}>from the file</Badge> : null}
    </>
  )
}

function Actions({ budget, onEdit, onRemove }: { budget: ApiBudget; onEdit: () => void; onRemove: () => void }) {
  const role = useReasonAgainst('admin')
  const reason =
    budget.source === 'config' ? 'This budget stands in the configuration file and is changed there.' : role
  const name = budget.name ?? budget.id
  return (
    <span className="ml-auto flex">
      <Button look="quiet" isSmall aria-label={`Edit ${name}`} reasonAgainst={reason} onClick={onEdit}>
        <Pencil size={13} aria-hidden />
      </Button>
      <Button look="quiet" isSmall aria-label={`Remove ${name}`} reasonAgainst={reason} onClick={onRemove}>
        <Trash2 size={13} aria-hidden />
      </Button>
    </span>
  )
}

function AccountLine({ account, budget }: { account: Account; budget: ApiBudget }) {
  const nowMs = useNow(60_000)
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 md:grid-cols-[11rem_minmax(0,1fr)_13rem]">
      <bdi className="truncate text-xs text-ink-2" title={account.scope}>
        {account.scope}
      </bdi>
      <div className="order-last col-span-2 md:order-none md:col-span-1">
        <BudgetBar
          label={`${budget.name ?? budget.id}, ${account.scope}`}
          {...account}
          thresholds={budget.thresholds}
        />
      </div>
      <span className="text-right text-xs text-ink-3 tabular-nums">
        <Money nano={account.spentNano} className="font-medium text-ink" /> of {formatMoney(account.limitNano)}
        <span className="ml-2">{usedWords(account)}</span>
        <AccountNote account={account} nowMs={nowMs} />
      </span>
    </li>
  )
}

function AccountNote({ account, nowMs }: { account: Account; nowMs: number }) {
  const words = [
    account.heldNano > 0 ? `${formatMoney(account.heldNano)} held` : null,
    account.windowEnd === null ? null : `starts anew ${formatAge(account.windowEnd, nowMs)}`,
  ].filter((word) => word !== null)
  return words.length === 0 ? null : <span className="block text-2xs">{words.join(', ')}</span>
}

function usedWords({ limitNano, spentNano, heldNano, isUsedUp }: Account): string {
  if (limitNano <= 0) return 'nothing may be spent'
  return isUsedUp ? 'used up' : formatShare((spentNano + heldNano) / limitNano)
}
