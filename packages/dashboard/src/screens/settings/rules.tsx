/** The rules in force, to read: they are changed in the configuration. */

import type { ApiBudget, ApiRule } from '@runguard/gateway/api'
import { useBudgets, useSettings } from '../../api/queries.js'
import { nameColumn } from '../../parts/columns.jsx'
import { Loaded } from '../../parts/loaded.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Panel } from '../../parts/panel.jsx'
import { type Column, CsvButton } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { budgetHref } from '../../parts/url-state.js'
import { doneWords, percentText } from '../budgets/budget-words.js'
import { partsOf, type RulePart, ruleName, ruleValue } from './rule-words.js'

/** All of them, by the parts of the configuration. */
export function Rules() {
  const settings = useSettings()
  const budgets = useBudgets()
  return (
    <div className="space-y-4">
      <Loaded query={settings} lines={10}>
        {({ configPath, rules }) => (
          <>
            <Source configPath={configPath} />
            <div className="gap-4 xl:columns-2">
              <Loaded query={budgets} lines={4}>
                {({ items }) => <Ladders budgets={items} />}
              </Loaded>
              {partsOf(rules).map((part) => (
                <Part key={part.title} part={part} />
              ))}
            </div>
          </>
        )}
      </Loaded>
    </div>
  )
}

function Source({ configPath }: { configPath: string | null }) {
  return (
    <p className="max-w-[75ch] text-sm text-ink-3">
      {configPath === null ? (
        'There is no configuration file: the defaults hold. The command runguard init writes one.'
      ) : (
        <>
          As <bdi className="break-all">{configPath}</bdi> has them, and the defaults where it says nothing. A change
          there takes effect at the next start.
        </>
      )}{' '}
      Every key is explained in docs/reference/configuration.md.
    </p>
  )
}

const RULE_COLUMNS: readonly Column<ApiRule>[] = [
  nameColumn('Key', ({ key }) => key),
  nameColumn('Value', ({ value }) => value),
]

/** A list and no table: words are long here, and wrap on phones. */
function Part({ part: { title, rules } }: { part: RulePart }) {
  return (
    <Panel
      title={title}
      className="mb-4 break-inside-avoid"
      actions={<CsvButton name={`rules-${title}`} columns={RULE_COLUMNS} rows={rules} />}
    >
      <dl className="divide-y divide-line border-t border-line text-sm">
        {rules.map((rule) => (
          <div key={rule.key} className="grid grid-cols-2 gap-x-4 py-1.5">
            <dt className="min-w-0">
              {ruleName(rule)}
              <code className="block font-mono text-2xs break-words text-ink-3">{rule.key}</code>
            </dt>
            <dd className="min-w-0 self-center break-words tabular-nums" title={rule.value}>
              <bdi>{ruleValue(rule)}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

interface Rung {
  readonly budget: ApiBudget
  readonly step: ApiBudget['degrade'][number]
}

const LADDER_COLUMNS: readonly Column<Rung>[] = [
  nameColumn('Budget', ({ budget }) => budget.name ?? budget.id),
  { title: 'From', cell: ({ step }) => percentText(step.at), value: ({ step }) => step.at, isNumber: true },
  nameColumn('What is done', ({ step }) => doneWords(step), { isWide: true }),
]

function Ladders({ budgets }: { budgets: readonly ApiBudget[] }) {
  const rungs = budgets.flatMap((budget) => budget.degrade.map((step) => ({ budget, step })))
  return (
    <TablePanel
      title="As budgets run low"
      className="mb-4 break-inside-avoid"
      caption="Ladders of budgets"
      fileName="ladders"
      columns={LADDER_COLUMNS}
      rows={rungs}
      rowKey={({ budget, step }) => `${budget.id} ${step.at} ${step.step}`}
      href={({ budget }) => budgetHref(budget.id)}
      isSortable={false}
      empty={
        <EmptyState
          title="No budget has a ladder"
          text="With steps a budget asks for a cheaper tier, less effort or shorter answers before it refuses: they are added where budgets are edited, or under degrade in the file."
          command="runguard init"
        />
      }
    />
  )
}
