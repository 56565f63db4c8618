/** States, told by a word and a shape besides the colour. */

import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { classes } from './class-names.js'

/** How serious something is. */
export type Tone = 'plain' | 'good' | 'warn' | 'bad'

const TONES: Readonly<Record<Tone, string>> = {
  plain: 'bg-sunken text-ink-2',
  good: 'bg-accent-soft text-accent',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
}

/** A short word in a frame. */
export function Badge({
  tone = 'plain',
  icon: Icon,
  children,
}: {
  tone?: Tone
  icon?: LucideIcon
  children: ReactNode
}) {
  return (
    <span
      className={classes(
        'inline-flex h-5 items-center gap-1 rounded px-1.5 text-2xs font-medium whitespace-nowrap',
        TONES[tone],
      )}
    >
      {Icon ? <Icon size={11} strokeWidth={2.25} aria-hidden /> : null}
      {children}
    </span>
  )
}
