/** Things to fill in. */

import { type ComponentProps, type ReactNode, useId } from 'react'
import { classes } from './class-names.js'

/** How what is filled in looks. */
export const inputClasses =
  'w-full min-w-0 rounded-md border border-line-strong bg-raised px-2.5 text-sm text-ink placeholder:text-ink-3 hover:border-ink-3 aria-invalid:border-bad'

interface Labelled {
  readonly label: string
  readonly hint?: ReactNode
  readonly error?: string | null | undefined
}

interface Named extends Labelled {
  readonly children: (ids: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean }) => ReactNode
}

function Labelled({ label, hint, error, children }: Named) {
  const id = useId()
  const note = error ?? hint
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1 block text-xs font-medium text-ink-2">
        {label}
      </label>
      {children({ id, 'aria-describedby': note ? `${id}-note` : undefined, 'aria-invalid': Boolean(error) })}
      {note ? (
        <p id={`${id}-note`} className={classes('mt-1 text-xs', error ? 'text-bad' : 'text-ink-3')}>
          {note}
        </p>
      ) : null}
    </div>
  )
}

/** A line of text with its label. */
export function TextField({ label, hint, error, className, ...input }: Labelled & ComponentProps<'input'>) {
  return (
    <Labelled label={label} hint={hint} error={error}>
      {(ids) => <input {...input} {...ids} className={classes(inputClasses, 'h-8', className)} />}
    </Labelled>
  )
}

/** One of several, with its label. */
export function SelectField({ label, hint, error, className, ...select }: Labelled & ComponentProps<'select'>) {
  return (
    <Labelled label={label} hint={hint} error={error}>
      {(ids) => <select {...select} {...ids} className={classes(inputClasses, 'h-8 pr-7', className)} />}
    </Labelled>
  )
}

/** A choice between few, all of them in sight. */
export function Choice<Value extends string>(props: {
  readonly label: string
  readonly value: Value
  readonly options: readonly (readonly [Value, string])[]
  readonly onChange: (value: Value) => void
}) {
  const name = useId()
  return (
    <fieldset className="inline-flex max-w-full flex-wrap rounded-md border border-line bg-sunken p-0.5">
      <legend className="sr-only">{props.label}</legend>
      {props.options.map(([value, text]) => (
        <label
          key={value}
          className="relative rounded px-2.5 py-1 text-xs font-medium text-ink-2 has-checked:bg-chosen has-checked:text-ink has-checked:shadow-(--shadow) has-focus-visible:outline-2 has-focus-visible:outline-accent hover:text-ink"
        >
          <input
            type="radio"
            name={name}
            checked={value === props.value}
            onChange={() => props.onChange(value)}
            className="absolute inset-0 cursor-pointer opacity-0"
          />
          {text}
        </label>
      ))}
    </fieldset>
  )
}

/** A box to tick. */
export function Tick({ label, isOn, onChange }: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <label className="inline-flex items-center gap-2 text-sm">
      <input
        type="checkbox"
        className="size-4 accent-accent"
        checked={isOn}
        onChange={(event) => onChange(event.target.checked)}
      />
      {label}
    </label>
  )
}
