/** The frames of a screen. */

import type { ReactNode } from 'react'
import { classes } from './class-names.js'

/** The head of a screen: what it is, and what can be done on it. */
export function ScreenHead({ title, lead, children }: { title: ReactNode; lead?: ReactNode; children?: ReactNode }) {
  return (
    <header className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-xl font-semibold tracking-tight text-balance break-words">{title}</h1>
        {lead ? <p className="mt-0.5 max-w-[68ch] text-sm text-ink-3">{lead}</p> : null}
      </div>
      {children ? <div className="flex max-w-full flex-wrap items-center gap-2">{children}</div> : null}
    </header>
  )
}

/** What a panel takes. */
export interface PanelProps {
  readonly title?: ReactNode
  readonly hint?: ReactNode
  readonly actions?: ReactNode
  readonly className?: string
  /** True for tables, which reach to the edges. */
  readonly isFlush?: boolean
  readonly children: ReactNode
}

/** A part of a screen with a title. */
export function Panel({ title, hint, actions, className, isFlush = false, children }: PanelProps) {
  return (
    <section className={classes('min-w-0 rounded-lg border border-line bg-panel shadow-(--shadow)', className)}>
      {title === undefined ? null : (
        <div className="flex min-h-12 flex-wrap items-center justify-between gap-x-4 gap-y-1 px-4 py-2.5">
          <div className="flex min-w-0 flex-wrap items-baseline gap-x-2.5">
            <h2 className="text-sm font-semibold">{title}</h2>
            {hint ? <p className="text-xs text-ink-3">{hint}</p> : null}
          </div>
          {actions ? <div className="ml-auto flex items-center gap-1">{actions}</div> : null}
        </div>
      )}
      <div className={classes(!isFlush && 'px-4 pb-4', title === undefined && !isFlush && 'pt-4')}>{children}</div>
    </section>
  )
}

/** A number that matters, with what it is and what it means. */
export function Figure({ label, value, note }: { label: string; value: ReactNode; note?: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-ink-3">{label}</dt>
      <dd className="mt-1">
        <div className="text-2xl font-semibold tracking-tight tabular-nums">{value}</div>
        {note ? <div className="mt-0.5 text-xs text-ink-3">{note}</div> : null}
      </dd>
    </div>
  )
}

/** Names and values, one under the other. */
export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[minmax(7rem,auto)_1fr] gap-x-6 gap-y-1.5 text-sm">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd className="min-w-0 break-words tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
