/** Budgets: the limits from the widest to the narrowest, and how they stand. */

import type { ApiBudget } from '@runguard/gateway/api'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useBudgets } from '../../api/queries.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Button } from '../../parts/button.jsx'
import { Loaded } from '../../parts/loaded.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Panel, ScreenHead } from '../../parts/panel.jsx'
import { type Column, CsvButton } from '../../parts/table.jsx'
import { useUrlState } from '../../parts/url-state.js'
import { BudgetDialog } from './budget-dialog.jsx'
import { BudgetRow } from './budget-row.jsx'
import { kindWords, levelsOf } from './budget-words.js'
import { RemoveBudget } from './remove-budget.jsx'

type Asked = { readonly kind: 'new' } | { readonly kind: 'edit' | 'remove'; readonly budget: ApiBudget }

/** The tree of budgets. */
export function Budgets() {
  const query = useBudgets()
  const [asked, setAsked] = useState<Asked | null>(null)
  const reason = useReasonAgainst('admin')
  const close = () => setAsked(null)
  return (
    <>
      <ScreenHead
        title="Budgets"
        lead="A call is held on every budget that meets it, from the widest to the narrowest. The one with the least left binds."
      >
        <Button look="primary" reasonAgainst={reason} onClick={() => setAsked({ kind: 'new' })}>
          <Plus size={14} aria-hidden />
          New budget
        </Button>
      </ScreenHead>
      <Loaded query={query} lines={8}>
        {({ items }) => <Tree budgets={items} onAsk={setAsked} />}
      </Loaded>
      {asked?.kind === 'new' ? <BudgetDialog budget={null} onClose={close} /> : null}
      {asked?.kind === 'edit' ? <BudgetDialog budget={asked.budget} onClose={close} /> : null}
      {asked?.kind === 'remove' ? <RemoveBudget budget={asked.budget} onClose={close} /> : null}
    </>
  )
}

function Tree({ budgets, onAsk }: { budgets: readonly ApiBudget[]; onAsk: (asked: Asked) => void }) {
  const [{ id }] = useUrlState()
  if (budgets.length === 0) return <NoBudget />
  const isGone = id !== undefined && !budgets.some((budget) => budget.id === id)
  return (
    <Panel
      title="Limits"
      hint="settled solid, held hatched"
      isFlush
      actions={<CsvButton name="budgets" columns={CSV_COLUMNS} rows={accountsOf(budgets)} />}
    >
      {isGone ? <GoneBudget id={id} /> : null}
      {levelsOf(budgets).map(({ kind, budgets: level }, depth) => (
        <section key={kind} className="border-t border-line" style={{ paddingLeft: Math.min(depth, 5) * 14 }}>
          <h3 className="px-4 pt-3 text-2xs font-medium text-ink-3">{kindWords[kind]}</h3>
          <ul>
            {level.map((budget) => (
              <BudgetRow
                key={budget.id}
                budget={budget}
                isMeant={budget.id === id}
                onEdit={() => onAsk({ kind: 'edit', budget })}
                onRemove={() => onAsk({ kind: 'remove', budget })}
              />
            ))}
          </ul>
        </section>
      ))}
    </Panel>
  )
}

function NoBudget() {
  return (
    <Panel>
      <EmptyState
        title="No budgets yet"
        text="Without one, nothing is ever refused."
        command="runguard budget add '$20' --per day"
      />
    </Panel>
  )
}

/** Somebody came for a budget that was removed since. */
function GoneBudget({ id }: { id: string }) {
  return (
    <p role="status" className="border-t border-line bg-warn-soft px-4 py-2 text-sm text-warn">
      The budget <bdi>{id}</bdi> is no longer there.
    </p>
  )
}

interface AccountLine {
  readonly budget: ApiBudget
  readonly account: ApiBudget['accounts'][number]
}

function accountsOf(budgets: readonly ApiBudget[]): readonly AccountLine[] {
  return budgets.flatMap((budget) => budget.accounts.map((account) => ({ budget, account })))
}

const CSV_COLUMNS: readonly Column<AccountLine>[] = [
  csvColumn('Budget', ({ budget }) => budget.id),
  csvColumn('Account', ({ account }) => account.scope),
  csvColumn('Window', ({ budget }) => budget.window),
  csvColumn('Mode', ({ budget }) => budget.mode),
  csvColumn('Limit', ({ account }) => account.limitNano / 1e9),
  csvColumn('Spent', ({ account }) => account.spentNano / 1e9),
  csvColumn('Held', ({ account }) => account.heldNano / 1e9),
  csvColumn('Left', ({ account }) => account.leftNano / 1e9),
  csvColumn('Binding', ({ account }) => account.isBinding),
]

function csvColumn(title: string, value: Column<AccountLine>['value']): Column<AccountLine> {
  return { title, value, cell: () => null }
}
