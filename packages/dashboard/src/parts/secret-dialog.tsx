import type { ReactNode } from 'react'
import { Button } from './button.jsx'
import { Dialog } from './dialog.jsx'
import { CopyButton } from './notice.jsx'

/** What is shown once. */
export interface SecretDialogProps {
  /** Whose it is. */
  readonly title: string
  /** `key` or `token`. */
  readonly word: string
  readonly secret: string
  readonly hint: ReactNode
  readonly onClose: () => void
}

/** Shows a secret for the only time. Nothing but its own button closes it. */
export function SecretDialog({ title, word, secret, hint, onClose }: SecretDialogProps) {
  return (
    <Dialog isOpen isFirm onClose={onClose} title={title} text={`This is the only time that the ${word} is shown.`}>
      <div className="flex items-center gap-2 rounded-md border border-line bg-canvas py-1.5 pr-1.5 pl-3">
        <code data-testid="secret" className="min-w-0 flex-1 font-mono text-xs break-all">
          {secret}
        </code>
        <CopyButton text={secret} label={`Copy the ${word}`} />
      </div>
      <p className="mt-3 text-xs text-ink-3">{hint}</p>
      <div className="mt-4 flex justify-end">
        <Button look="primary" onClick={onClose}>
          I have stored it
        </Button>
      </div>
    </Dialog>
  )
}
