/** Dialogs: a form or a question in front of the screen. */

import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { Button } from './button.jsx'
import { classes } from './class-names.js'
import { Failure } from './notice.jsx'

/** What a dialog takes. */
export interface DialogProps {
  readonly title: string
  readonly text?: ReactNode
  readonly isOpen: boolean
  readonly onClose: () => void
  /** True if only its own buttons close it: what it shows does not come again. */
  readonly isFirm?: boolean
  /** For forms with rows of fields. */
  readonly isWide?: boolean
  readonly children: ReactNode
}

/** A dialog in the middle of the screen. Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, text, isOpen, onClose, isFirm = false, isWide = false, children }: DialogProps) {
  const stay = (event: Event) => {
    if (isFirm) event.preventDefault()
  }
  return (
    <Radix.Root open={isOpen} onOpenChange={(open) => (open ? undefined : onClose())}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          onInteractOutside={stay}
          onEscapeKeyDown={stay}
          {...(text ? {} : { 'aria-describedby': undefined })}
          className={classes(
            'fixed top-[8vh] left-1/2 z-40 max-h-[84vh] w-[calc(100vw-2rem)] -translate-x-1/2 overflow-y-auto rounded-xl border border-line bg-panel p-5 shadow-(--shadow-high)',
            isWide ? 'max-w-[42rem]' : 'max-w-[34rem]',
          )}
        >
          <div className="mb-4 flex items-start justify-between gap-4">
            <div>
              <Radix.Title className="text-lg font-semibold tracking-tight">{title}</Radix.Title>
              {text ? <Radix.Description className="mt-0.5 text-sm text-ink-3">{text}</Radix.Description> : null}
            </div>
            {isFirm ? null : (
              <Radix.Close asChild>
                <Button look="quiet" isSmall aria-label="Close">
                  <X size={15} aria-hidden />
                </Button>
              </Radix.Close>
            )}
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** What a question takes. */
export interface QuestionProps extends Omit<DialogProps, 'children' | 'isFirm'> {
  /** What the button says that does it. */
  readonly answer: string
  readonly isDangerous?: boolean
  readonly run: { readonly isPending: boolean; readonly error: unknown }
  readonly onAnswer: () => void
  readonly children?: ReactNode
}

/** Asks before something is done that is hard to take back. */
export function Question({ answer, isDangerous, run, onAnswer, children, ...dialog }: QuestionProps) {
  return (
    <Dialog {...dialog}>
      {children}
      {run.error ? <Failure error={run.error} /> : null}
      <div className="mt-5 flex justify-end gap-2">
        <Button onClick={dialog.onClose}>Cancel</Button>
        <Button look={isDangerous ? 'danger' : 'primary'} isBusy={run.isPending} onClick={onAnswer}>
          {answer}
        </Button>
      </div>
    </Dialog>
  )
}
