/** Buttons. */

import type { ComponentProps, ReactNode } from 'react'
import { classes } from './class-names.js'
import { Hint } from './hint.jsx'

type Look = 'primary' | 'plain' | 'quiet' | 'danger'

const LOOKS: Readonly<Record<Look, string>> = {
  primary: 'bg-accent text-on-accent border-transparent hover:bg-accent-strong',
  plain: 'bg-raised text-ink border-line-strong hover:border-ink-3',
  quiet: 'border-transparent text-ink-2 hover:bg-sunken hover:text-ink',
  danger: 'bg-raised text-bad border-line-strong hover:border-bad',
}

/** The looks of a button, also for links that look like one. */
export function buttonClasses(look: Look = 'plain', isSmall = false): string {
  return classes(
    'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors',
    'disabled:opacity-55 aria-disabled:opacity-55 aria-disabled:cursor-not-allowed',
    isSmall ? 'h-7 px-2 text-xs' : 'h-8 px-3 text-sm',
    LOOKS[look],
  )
}

/** What a button takes. */
export interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled'> {
  readonly look?: Look
  readonly isSmall?: boolean
  /** Why it cannot be pressed: told to the pointer, to the keyboard and to screen readers. Null: it can. */
  readonly reasonAgainst?: string | null
  readonly isBusy?: boolean
  readonly children: ReactNode
}

/** A button. One that may not be pressed stays in reach of the keyboard and says why. */
export function Button({ look, isSmall, reasonAgainst = null, isBusy = false, onClick, ...rest }: ButtonProps) {
  const isOff = reasonAgainst !== null || isBusy
  const button = (
    <button
      type="button"
      {...rest}
      {...(reasonAgainst === null ? {} : { 'aria-description': reasonAgainst })}
      className={classes(buttonClasses(look, isSmall), rest.className)}
      aria-disabled={isOff || undefined}
      aria-busy={isBusy || undefined}
      onClick={isOff ? (event) => event.preventDefault() : onClick}
    />
  )
  return reasonAgainst === null ? button : <Hint text={reasonAgainst}>{button}</Hint>
}
