/** Amounts of money, and what belongs to them. */

import { classes } from './class-names.js'
import { formatMoney } from './format.js'

/** What an amount takes. */
export interface MoneyProps {
  /** Nano-dollars. */
  readonly nano: number | null
  /** True where it is not what was billed to the cent. */
  readonly isEstimated?: boolean
  readonly className?: string
}

/** An amount. Estimated ones say so. */
export function Money({ nano, isEstimated = false, className }: MoneyProps) {
  return (
    <span className={classes('tabular-nums whitespace-nowrap', className)}>
      {formatMoney(nano)}
      {isEstimated && nano !== null ? (
        <>
          {' '}
          <abbr title="estimated" className="text-[0.8em] leading-none font-normal text-ink-3 no-underline">
            est.
          </abbr>
        </>
      ) : null}
    </span>
  )
}

/** A saving: a lever that lost money shows a minus, and looks like a loss. */
export function Saving({ nano, isEstimated = false, className }: MoneyProps) {
  return <Money nano={nano} isEstimated={isEstimated} className={classes(toneOf(nano), className)} />
}

function toneOf(nano: number | null): string {
  if (nano === null || nano === 0) return 'text-ink-3'
  return nano < 0 ? 'text-bad' : 'text-accent'
}
