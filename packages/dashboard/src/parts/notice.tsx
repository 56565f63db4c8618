/** What is shown where nothing is: not yet, not ever, or not now. */

import { Check, Copy, TriangleAlert } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { messageOf } from '../api/client.js'
import { Button } from './button.jsx'
import { classes } from './class-names.js'

/** Nothing is there yet, and the command that changes it. */
export function EmptyState({ title, text, command }: { title: string; text?: ReactNode; command?: string }) {
  return (
    <div className="flex flex-col items-center gap-1 px-4 py-8 text-center">
      <p className="text-sm font-medium text-ink-2">{title}</p>
      {text ? <p className="max-w-[52ch] text-xs text-balance text-ink-3">{text}</p> : null}
      {command ? <Command text={command} /> : null}
    </div>
  )
}

/** Sums that lack calls which are still being added up. */
export function BehindMark({ isBehind }: { isBehind: boolean }) {
  if (!isBehind) return null
  return (
    <p role="status" className="rounded-md bg-warn-soft px-3 py-2 text-sm text-warn">
      Calls are still being added up: these amounts will grow in a moment.
    </p>
  )
}

/** A command of the terminal, ready to be copied. */
export function Command({ text }: { text: string }) {
  return (
    <div className="mt-2 flex max-w-full items-center gap-1 rounded-md border border-line bg-canvas py-0.5 pr-0.5 pl-3">
      <code className="truncate font-mono text-xs">{text}</code>
      <CopyButton text={text} label={`Copy ${text}`} />
    </div>
  )
}

/** Copies a text. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [isCopied, setIsCopied] = useState(false)
  const copy = () => {
    void navigator.clipboard?.writeText(text).then(() => setIsCopied(true))
  }
  return (
    <Button
      look="quiet"
      isSmall
      aria-label={isCopied ? 'Copied' : label}
      onClick={copy}
      onBlur={() => setIsCopied(false)}
    >
      {isCopied ? <Check size={13} aria-hidden /> : <Copy size={13} aria-hidden />}
    </Button>
  )
}

/** Something could not be read; what was there before stays on the screen. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div role="alert" className="flex flex-wrap items-center gap-2 rounded-md bg-bad-soft px-3 py-2 text-sm text-bad">
      <TriangleAlert size={15} aria-hidden className="shrink-0" />
      <span className="min-w-0 break-words">{messageOf(error)}</span>
      {onRetry ? (
        <Button isSmall onClick={onRetry} className="ml-auto">
          Try again
        </Button>
      ) : null}
    </div>
  )
}

/** Grey bars in the place of what is being read. */
export function Skeleton({ lines = 3, className }: { lines?: number; className?: string }) {
  return (
    <div role="status" aria-label="Loading" className={classes('space-y-2.5 py-1', className)}>
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars are all the same
        <div key={index} className="skeleton h-3.5" style={{ width: `${96 - ((index * 23) % 48)}%` }} />
      ))}
    </div>
  )
}
