/** Arguments that nobody meant, and what becomes of them. */

import { hasFields } from '../src/core/config/known-options.js'

/** A call that works: the function, and arguments that may be spoiled one by one. Made anew for each try. */
export type WorkingCall = () => readonly [call: (...args: never[]) => unknown, ...args: unknown[]]

/** One argument of a call, or one option of it, that was spoiled. */
export interface SpoiledCall {
  /** `1.maxTokens`: the option of that name in the second argument. */
  readonly place: string
  readonly value: unknown
  run(): unknown
}

/** What became of a call. */
export type Outcome = { readonly kind: 'accepted' } | { readonly kind: 'thrown' | 'rejected'; readonly error: unknown }

const circular: Record<string, unknown> = {}
circular.self = circular

/** A symbol stands where no value was meant at all: whoever looks at a value refuses it. */
export const nothingMeant = Symbol('nothing that was meant')

/** Of every kind that a slip can be. A list of texts and a text are what many options want, so both are there. */
const slips: readonly (() => unknown)[] = [
  ...[undefined, null, true, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 10n ** 30n].map((value) => () => value),
  ...['', 'x', '__proto__', nothingMeant, circular].map((value) => () => value),
  () => [],
  () => [null],
  () => ['x'],
  () => ({}),
  () => Object.freeze({ constructor: null }),
  () => Object.create(null),
  () => Promise.resolve({}),
  () => new Map(),
  () => new Date(Number.NaN),
  () => () => {},
]

/** The call with each argument, and each option of each, replaced by every slip in turn. */
export function spoil(working: WorkingCall): readonly SpoiledCall[] {
  return slips.flatMap((slip) =>
    placesOf(working).map(([index, name]): SpoiledCall => {
      const value = slip()
      const place = name === null ? String(index) : `${index}.${name}`
      const spoiled = (arg: object) => (name === null ? value : { ...arg, [name]: value })
      return { place, value, run: () => callWith(working, index, spoiled) }
    }),
  )
}

/** The call with each option of the argument misspelt by a letter in turn. */
export function misspell(working: WorkingCall, index: number): readonly (SpoiledCall & { readonly meant: string })[] {
  const names = placesOf(working).flatMap(([at, name]) => (at === index && name !== null ? [name] : []))
  return names.map((meant) => {
    const written = `${meant.slice(0, -1)}${meant.at(-1) === 'x' ? 'y' : 'x'}`
    const run = () =>
      callWith(working, index, ({ [meant]: value, ...others }: Record<string, unknown>) => ({
        ...others,
        [written]: value,
      }))
    return { place: `${index}.${written}`, value: written, meant, run }
  })
}

function placesOf(working: WorkingCall): readonly (readonly [number, string | null])[] {
  const [, ...args] = working()
  return args.flatMap((arg, index) => {
    const isOptions = hasFields(arg) && Object.getPrototypeOf(arg) === Object.prototype
    const names = isOptions ? Object.keys(arg) : []
    return [[index, null] as const, ...names.map((name) => [index, name] as const)]
  })
}

function callWith(working: WorkingCall, at: number, change: (arg: never) => unknown): unknown {
  const [call, ...args] = working()
  return call(...(args.map((arg, index) => (index === at ? change(arg as never) : arg)) as never[]))
}

/** Runs a call to its end, however it tells it. */
export async function outcomeOf(run: () => unknown): Promise<Outcome> {
  let kind: 'thrown' | 'rejected' = 'thrown'
  try {
    const promise = run()
    kind = 'rejected'
    await promise
    return { kind: 'accepted' }
  } catch (error) {
    return { kind, error }
  }
}

/** What an engine of JavaScript says of code that did not look at its arguments. */
const BARE =
  /^Cannot |is not (?:an? )?(?:function|iterable|constructor|object|async iterable|defined)|Invalid (?:time value|array length)|call stack|^Do not know how|^Converting |JSON at position|valid JSON|argument must be|Headers con/i

/** What is wrong with how a slip was told; null if it was told well. */
export function faultOf(error: unknown): string | null {
  if (!(error instanceof Error)) return `threw ${String(error)}`
  if (BARE.test(error.message)) return `said only: ${error.message.split('\n', 1)[0]}`
  return error.message === '' ? 'said nothing' : null
}
