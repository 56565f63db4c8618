import type { ApiBudget } from '@runguard/gateway/api'
import { useChange } from '../../api/changes.js'
import { Question } from '../../parts/dialog.jsx'

/** Asks before a budget is taken away. */
export function RemoveBudget({ budget, onClose }: { budget: ApiBudget; onClose: () => void }) {
  const run = useChange(
    (id: string) => ({ method: 'DELETE', path: `budgets/${encodeURIComponent(id)}` }),
    ['budgets', 'overview', 'audit'],
  )
  return (
    <Question
      isOpen
      onClose={onClose}
      title={`Remove ${budget.name ?? budget.id}?`}
      text="Calls that it would have stopped go through from now on. What was spent stays in the ledger."
      answer="Remove budget"
      isDangerous
      run={run}
      onAnswer={() => run.mutate(budget.id, { onSuccess: onClose })}
    />
  )
}
