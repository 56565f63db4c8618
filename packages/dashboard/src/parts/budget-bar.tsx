/** A budget as a bar: settled, held, and what is left. */

import { classes } from './class-names.js'
import { formatMoney, formatShare } from './format.js'

/** What a bar takes; nano-dollars. */
export interface BudgetBarProps {
  readonly label: string
  readonly spentNano: number
  readonly heldNano: number
  readonly limitNano: number
  /** Percent of the limit at which something is said. */
  readonly thresholds?: readonly number[]
}

/** The bar. Held money is hatched; what is above the limit does not fit, and is told by colour and words. */
export function BudgetBar({ label, spentNano, heldNano, limitNano, thresholds = [] }: BudgetBarProps) {
  const spent = shareOf(spentNano, limitNano)
  const held = limitNano > 0 ? shareOf(heldNano, limitNano) : 0
  const words = `${formatMoney(spentNano)} spent and ${formatMoney(heldNano)} held of ${formatMoney(limitNano)}`
  return (
    // biome-ignore lint/a11y/useSemanticElements: a meter element cannot show two values
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.min(100, Math.round((spent + held) * 100))}
      aria-valuetext={`${words}, ${formatShare(spent + held)}`}
      title={words}
      className="relative h-2 w-full overflow-hidden rounded-full bg-sunken"
    >
      <div
        className={classes('absolute inset-y-0 left-0', fillOf(spent + held))}
        style={{ width: `${Math.min(spent, 1) * 100}%` }}
      />
      <div
        className={classes('absolute inset-y-0 opacity-55', fillOf(spent + held))}
        style={{
          left: `${Math.min(spent, 1) * 100}%`,
          width: `${Math.max(0, Math.min(spent + held, 1) - Math.min(spent, 1)) * 100}%`,
          maskImage: 'repeating-linear-gradient(115deg, #000 0 3px, transparent 3px 5px)',
        }}
      />
      {thresholds
        .filter((percent) => percent < 100)
        .map((percent) => (
          <div key={percent} className="absolute inset-y-0 w-px bg-panel" style={{ left: `${percent}%` }} />
        ))}
    </div>
  )
}

/** A budget of nothing is full from the start. */
function shareOf(nano: number, limitNano: number): number {
  return limitNano > 0 ? Math.max(0, nano) / limitNano : 1
}

function fillOf(share: number): string {
  if (share >= 1) return 'bg-bad'
  return share >= 0.8 ? 'bg-series-2' : 'bg-accent'
}
