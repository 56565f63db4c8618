/** What was refused or made smaller this month: spending that did not happen, of which nobody knows the whole amount. */

import type { ApiOverview } from '@runguard/gateway/api'
import { Link } from 'wouter'
import { refusalWord } from '../../parts/call-words.js'
import { moneyColumn, nameColumn, wholeColumn } from '../../parts/columns.jsx'
import { countOf, formatCount, formatWhole, readable } from '../../parts/format.js'
import { Money } from '../../parts/money.jsx'
import { Panel } from '../../parts/panel.jsx'
import { type Column, CsvButton } from '../../parts/table.jsx'
import { searchOf } from '../../parts/url-state.js'

/** A line: what was done, to how many calls. */
interface Line {
  readonly name: string
  /** Where its calls are listed; null where they are not. */
  readonly href: string | null
  readonly calls: number
  /** What the prompts would have cost, in nano-dollars; null where nobody knows, or where they were sent. */
  readonly promptNano: number | null
  /** What stands in place of an amount. */
  readonly without: string
  /** For people, behind the amount. */
  readonly note: string
}

const COLUMNS: readonly Column<Line>[] = [
  nameColumn('What', ({ name }) => name),
  wholeColumn('Calls', ({ calls }) => calls),
  moneyColumn('Their prompts (estimated)', ({ promptNano }) => promptNano),
]

/** Nothing where nothing was held back. */
export function HeldBack({ overview }: { overview: ApiOverview }) {
  const lines = linesOf(overview)
  if (lines.length === 0) return null
  return (
    <Panel
      title="Held back"
      hint="this month; not counted as saved"
      actions={<CsvButton name="held-back" columns={COLUMNS} rows={lines} />}
    >
      <HeldTable lines={lines} />
      <p className="mt-2 text-xs text-ink-3">
        What prompts would have cost uncached and unanswered.{' '}
        <Link href="/calls?ending=not-billed&range=30d" className="text-accent underline underline-offset-2">
          Calls that were not billed
        </Link>
      </p>
    </Panel>
  )
}

const HEADS = [
  ['What', 'pb-1 text-left'],
  ['Calls', 'px-3 pb-1 text-right'],
  ['Their prompts', 'pb-1 text-right'],
] as const

function HeldTable({ lines }: { lines: readonly Line[] }) {
  return (
    <table className="w-full text-sm">
      <caption className="sr-only">Calls refused or made smaller, this month</caption>
      <thead className="text-xs text-ink-3">
        <tr>
          {HEADS.map(([title, place]) => (
            <th key={title} scope="col" className={`${place} font-medium`}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map(({ name, href, calls, promptNano, without, note }) => (
          <tr key={name} className="border-t border-line">
            <th scope="row" className="py-1.5 text-left font-normal first-letter:uppercase">
              {href === null ? (
                name
              ) : (
                <Link href={href} className="inline-block first-letter:uppercase hover:text-accent hover:underline">
                  {name}
                </Link>
              )}
            </th>
            <td className="px-3 text-right tabular-nums">{formatWhole(calls)}</td>
            <td className="text-right" title={note}>
              {promptNano === null ? (
                <span className="text-ink-3">{without}</span>
              ) : (
                <Money nano={promptNano} isEstimated className="font-medium" />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function linesOf({ refusals, shortened }: ApiOverview): readonly Line[] {
  const refused = refusals.map(({ code, calls, promptTokens, promptNano }) => {
    const note = `${formatCount(promptTokens)} tokens of ${countOf(calls, 'prompt')}`
    const href = code === '' ? null : `/calls${searchOf({ refusal: code, range: '30d' })}`
    return { name: `refused: ${refusalWord(code)}`, href, calls, promptNano, without: 'no price', note }
  })
  const smaller = shortened.map(({ kind, calls }) => {
    const note = 'sent and billed; nobody knows what the answer would have been'
    return { name: readable(kind), href: null, calls, promptNano: null, without: '–', note }
  })
  return [...refused, ...smaller]
}
