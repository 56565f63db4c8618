/** Fields that narrow a list; what they say stands in the address. */

import { classes } from './class-names.js'
import { TextField } from './field.jsx'
import type { UrlValues } from './url-state.js'

/** What the fields take. */
export interface FilterFieldsProps {
  readonly names: readonly string[]
  readonly values: UrlValues
  readonly onChange: (values: Record<string, string>) => void
  readonly className?: string
}

/** One field for each name. Taken when it is left, or by Enter. */
export function FilterFields({ names, values, onChange, className }: FilterFieldsProps) {
  return (
    <div className={classes('grid gap-3', className)}>
      {names.map((name) => (
        <TextField
          key={`${name}=${values[name] ?? ''}`}
          label={name.charAt(0).toUpperCase() + name.slice(1)}
          placeholder="any"
          defaultValue={values[name] ?? ''}
          onBlur={(event) => onChange({ [name]: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') onChange({ [name]: event.currentTarget.value })
          }}
        />
      ))}
    </div>
  )
}
