/** The ladder of a budget, to fill in: its steps in the order in which they come. */

import { effortLevels } from '@runguard/sdk/core'
import { ArrowDown, ArrowUp, Plus, X } from 'lucide-react'
import { useId, useRef, useState } from 'react'
import { useRoutes } from '../../api/queries.js'
import { Button } from '../../parts/button.jsx'
import { classes } from '../../parts/class-names.js'
import { inputClasses } from '../../parts/field.jsx'
import { shortModel } from '../../parts/format.js'
import type { StepField } from './budget-refusal.js'
import { stepKindWords } from './budget-words.js'
import { addStep, changeStep, inOrder, moveStep, type StepForm, type StepKind } from './ladder-form.js'

/** What the ladder takes. */
export interface LadderFieldsProps {
  readonly steps: readonly StepForm[]
  /** What is wrong with the ladder as a whole. */
  readonly error: string | undefined
  readonly problemOf: (step: StepForm, field: StepField) => string | undefined
  /** Why there may be no step; null: there may. */
  readonly reasonAgainst: string | null
  readonly onChange: (steps: readonly StepForm[]) => void
}

/** The steps, and a button for one more. */
export function LadderFields({ steps, error, problemOf, reasonAgainst, onChange }: LadderFieldsProps) {
  const { said, adder, move, remove } = useLadder(steps, onChange)
  const id = useId()
  return (
    <fieldset aria-describedby={`${id}-note`} className="min-w-0 rounded-lg border border-line px-3 pt-1 pb-3">
      <legend className="px-1 text-xs font-medium text-ink-2">As it runs low</legend>
      <p id={`${id}-note`} className={classes('mb-2 text-xs', error ? 'text-bad' : 'text-ink-3')}>
        {error ?? 'From a share of the limit on, what is done with calls. Each step is taken where it is safe.'}
      </p>
      <ol className="mb-2 space-y-2 empty:hidden">
        {steps.map((step, index) => (
          <StepFields
            key={step.key}
            step={step}
            place={{ index, count: steps.length }}
            problemOf={(field) => problemOf(step, field)}
            onChange={(changed) => onChange(changeStep(steps, step.key, changed))}
            onLeave={() => onChange(inOrder(steps))}
            onMove={(by) => move(index, index + by)}
            onRemove={() => remove(step)}
          />
        ))}
      </ol>
      <Button ref={adder} isSmall reasonAgainst={reasonAgainst} onClick={() => onChange(addStep(steps))}>
        <Plus size={13} aria-hidden />
        Add a step
      </Button>
      <p role="status" className="sr-only">
        {said}
      </p>
    </fieldset>
  )
}

/** What changes the order or the number of steps is told to those as well who do not see it. */
function useLadder(steps: LadderFieldsProps['steps'], onChange: LadderFieldsProps['onChange']) {
  const [said, setSaid] = useState('')
  const adder = useRef<HTMLButtonElement>(null)
  return {
    said,
    adder,
    move: (from: number, to: number) => {
      onChange(moveStep(steps, from, to))
      const step = steps[from]
      if (step !== undefined) setSaid(`${stepKindWords[step.kind]} is step ${to + 1} of ${steps.length} now`)
    },
    remove: (step: StepForm) => {
      onChange(steps.filter((each) => each !== step))
      setSaid(`${stepKindWords[step.kind]} is taken out`)
      // The button that had the focus is gone.
      adder.current?.focus()
    },
  }
}

interface StepFieldsProps {
  readonly step: StepForm
  readonly place: { readonly index: number; readonly count: number }
  readonly problemOf: (field: StepField) => string | undefined
  readonly onChange: (changed: Partial<StepForm>) => void
  /** The share is written: now the step takes its place. */
  readonly onLeave: () => void
  readonly onMove: (by: 1 | -1) => void
  readonly onRemove: () => void
}

function StepFields({ step, place, problemOf, onChange, onLeave, onMove, onRemove }: StepFieldsProps) {
  const id = useId()
  const marks = (field: StepField, label: string) => {
    const isWrong = problemOf(field) !== undefined
    return {
      'aria-label': `${label} of step ${place.index + 1}`,
      'aria-invalid': isWrong,
      'aria-describedby': isWrong ? `${id}-${field}` : undefined,
    }
  }
  const hasSetting = SETTINGS.has(step.kind)
  return (
    <li className="grid grid-cols-[4.75rem_minmax(0,1fr)_auto] items-center gap-2 sm:grid-cols-[4.75rem_minmax(0,1fr)_minmax(0,1fr)_auto]">
      <input
        {...marks('at', 'Share')}
        className={classes(inputClasses, 'h-8 tabular-nums')}
        value={step.at}
        onChange={(event) => onChange({ at: event.target.value })}
        onBlur={onLeave}
      />
      <select
        {...marks('step', 'What is done')}
        className={classes(inputClasses, 'col-span-2 h-8 pr-7', hasSetting && 'sm:col-span-1')}
        value={step.kind}
        onChange={(event) => onChange({ kind: event.target.value as StepKind })}
      >
        <KindOptions />
      </select>
      {hasSetting ? <Setting step={step} marks={marks} onChange={onChange} /> : null}
      <StepButtons place={place} onMove={onMove} onRemove={onRemove} />
      {FIELDS.map((field) => (
        <p key={field} id={`${id}-${field}`} className="col-span-full text-xs text-bad empty:hidden">
          {problemOf(field)}
        </p>
      ))}
    </li>
  )
}

function KindOptions() {
  return Object.entries(stepKindWords).map(([kind, words]) => (
    <option key={kind} value={kind}>
      {words}
    </option>
  ))
}

const FIELDS: readonly StepField[] = ['at', 'step', 'to', 'maxTokens']

/** The kinds that can be said more of. */
const SETTINGS: ReadonlySet<StepKind> = new Set(['cheaper-tier', 'lower-effort', 'tighter-max-tokens'])

interface SettingProps {
  readonly step: StepForm
  readonly marks: (field: StepField, label: string) => object
  readonly onChange: (changed: Partial<StepForm>) => void
}

/** What a step says more of itself. On phones it stands below, beside the buttons. */
function Setting({ step, marks, onChange }: SettingProps) {
  const place = 'col-span-2 h-8 sm:col-span-1'
  if (step.kind === 'tighter-max-tokens') {
    return (
      <input
        {...marks('maxTokens', 'Most output tokens')}
        inputMode="numeric"
        placeholder="tokens"
        className={classes(inputClasses, place)}
        value={step.maxTokens}
        onChange={(event) => onChange({ maxTokens: event.target.value })}
      />
    )
  }
  const isTier = step.kind === 'cheaper-tier'
  return (
    <select
      {...marks('to', isTier ? 'Tier' : 'Effort')}
      className={classes(inputClasses, place, 'pr-7')}
      value={step.to}
      onChange={(event) => onChange({ to: event.target.value })}
    >
      {isTier ? <TierOptions chosen={step.to} /> : effortLevels.map((level) => <option key={level}>{level}</option>)}
    </select>
  )
}

/** The tiers of the gateway, and the chosen one also where the gateway does not know it. */
function TierOptions({ chosen }: { chosen: string }) {
  const { data } = useRoutes({})
  const tiers = data?.tiers ?? []
  const isKnown = chosen === '' || tiers.some(({ name }) => name === chosen)
  return (
    <>
      <option value="">the next one</option>
      {isKnown ? null : <option value={chosen}>{chosen}</option>}
      {tiers.map(({ name, model }) => (
        <option key={name} value={name}>
          {name} ({shortModel(model)})
        </option>
      ))}
    </>
  )
}

type StepButtonsProps = Pick<StepFieldsProps, 'place' | 'onMove' | 'onRemove'>

function StepButtons({ place: { index, count }, onMove, onRemove }: StepButtonsProps) {
  const isLast = index === count - 1
  return (
    <span className="col-start-3 flex sm:col-start-4">
      <Button
        look="quiet"
        isSmall
        aria-label={`Move step ${index + 1} up`}
        reasonAgainst={index === 0 ? 'It is the first step.' : null}
        onClick={() => onMove(-1)}
      >
        <ArrowUp size={13} aria-hidden />
      </Button>
      <Button
        look="quiet"
        isSmall
        aria-label={`Move step ${index + 1} down`}
        reasonAgainst={isLast ? 'It is the last step.' : null}
        onClick={() => onMove(1)}
      >
        <ArrowDown size={13} aria-hidden />
      </Button>
      <Button look="quiet" isSmall aria-label={`Remove step ${index + 1}`} onClick={onRemove}>
        <X size={13} aria-hidden />
      </Button>
    </span>
  )
}
