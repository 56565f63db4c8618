/**
 * Money: whole nano-dollars in the ledger, whole pico-dollars per token in the price list.
 *
 * Nothing here ever computes with fractions of a dollar: binary fractions cannot hold a tenth of a cent, and a ledger
 * that is off by one unit cannot be checked by adding it up again.
 */

declare const nanoBrand: unique symbol

/** A whole number of nano-dollars (10⁻⁹ $), always a safe integer: up to about nine million dollars. May be negative. */
export type NanoUsd = number & { readonly [nanoBrand]: true }

const NANO_PER_USD = 1_000_000_000
const PICO_PER_NANO = 1_000n
const NANO_DECIMALS = 9

/** No money. */
export const zeroUsd: NanoUsd = nanoUsd(0)

/** The largest amount a {@link NanoUsd} can hold. */
export const maxUsd: NanoUsd = nanoUsd(Number.MAX_SAFE_INTEGER)

/** Takes a number of nano-dollars as money. Throws `RangeError` unless it is a safe integer. */
export function nanoUsd(value: number): NanoUsd {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a whole, safe number of nano-dollars: ${value}`)
  return (value === 0 ? 0 : value) as NanoUsd
}

/**
 * Pico-dollars to nano-dollars, rounded up: the one rounding of a call, always in favour of the budget.
 * Throws `RangeError` above {@link maxUsd}.
 */
export function nanoFromPico(pico: bigint): NanoUsd {
  const whole = pico / PICO_PER_NANO
  const isRoundedUp = pico > 0n && pico % PICO_PER_NANO !== 0n
  return nanoUsd(Number(isRoundedUp ? whole + 1n : whole))
}

/** The sum of two amounts. Throws `RangeError` if it cannot be held exactly. */
export function addUsd(left: NanoUsd, right: NanoUsd): NanoUsd {
  return nanoUsd(left + right)
}

/** The sum of any number of amounts. Throws `RangeError` if it, or a partial sum, cannot be held exactly. */
export function sumUsd(amounts: Iterable<NanoUsd>): NanoUsd {
  let sum = zeroUsd
  for (const amount of amounts) sum = addUsd(sum, amount)
  return sum
}

/**
 * Reads an amount a person wrote: `'$20'`, `'0.05'` or `20`. Exact, never rounded.
 * Throws `RangeError` on anything negative, not a plain decimal number, finer than a nano-dollar, or too large.
 */
export function parseUsd(amount: string | number): NanoUsd {
  const text = typeof amount === 'number' ? plainDecimal(amount) : amount.trim()
  const match = /^\$?\s?(\d{1,16})(?:\.(\d+))?$/.exec(text)
  if (match === null) throw new RangeError(`not an amount in dollars: ${quote(amount)} (write '$20' or '0.05')`)
  const [, dollars = '0', fraction = ''] = match
  if (fraction.length > NANO_DECIMALS) {
    throw new RangeError(`finer than a billionth of a dollar: ${quote(amount)}`)
  }
  const nano = BigInt(dollars + fraction.padEnd(NANO_DECIMALS, '0'))
  if (nano > BigInt(maxUsd)) throw new RangeError(`more dollars than can be counted exactly: ${quote(amount)}`)
  return nanoUsd(Number(nano))
}

/**
 * An amount for people: `$12.34` from a dollar up, `$0.0131` below, `$0.50` for whole cents, and when tiny as many
 * decimals as two digits need (`$0.0000055`). Rounded half up, never in scientific notation, a minus before the dollar
 * sign.
 */
export function formatUsd(nano: NanoUsd): string {
  const abs = Math.abs(nano)
  const rounded = roundTo(abs, abs >= NANO_PER_USD ? 2 : smallDecimals(abs))
  const [dollars = '0', fraction = ''] = decimalUsd(rounded).split('.')
  const grouped = dollars.replace(/\B(?=(\d{3})+$)/g, ',')
  return `${nano < 0 ? '-' : ''}$${grouped}.${fraction.padEnd(fraction.length <= 2 ? 2 : 4, '0')}`
}

/** An amount for machines: the exact decimal number of dollars, without trailing zeros (`12.340000001`, `-0.5`, `20`). */
export function decimalUsd(nano: NanoUsd): string {
  const abs = Math.abs(nano)
  const nanos = abs % NANO_PER_USD
  const fraction = nanos === 0 ? '' : String(nanos).padStart(NANO_DECIMALS, '0').replace(/0+$/, '')
  return `${nano < 0 ? '-' : ''}${(abs - nanos) / NANO_PER_USD}${fraction === '' ? '' : `.${fraction}`}`
}

/** Four decimals, or as many as it takes to show two significant digits. */
function smallDecimals(nano: number): number {
  const leadingZeros = NANO_DECIMALS - String(nano).length
  return Math.min(NANO_DECIMALS, Math.max(4, leadingZeros + 2))
}

/** Rounds half up to so many decimals of a dollar; by remainder, because a quotient of large numbers is not exact. */
function roundTo(nano: number, decimals: number): NanoUsd {
  const unit = 10 ** (NANO_DECIMALS - decimals)
  const rest = nano % unit
  const rounded = nano - rest + (rest * 2 >= unit && rest > 0 ? unit : 0)
  return nanoUsd(Number.isSafeInteger(rounded) ? rounded : nano - rest)
}

/** A number as a person would write it: `String` turns small ones into `1e-7`. */
function plainDecimal(value: number): string {
  const text = String(value)
  const match = /^(\d)(?:\.(\d+))?e-(\d+)$/.exec(text)
  if (match === null) return text
  const [, digit = '', rest = '', exponent = ''] = match
  return `0.${'0'.repeat(Math.min(Number(exponent) - 1, 400))}${digit}${rest}`
}

function quote(amount: string | number): string {
  return typeof amount === 'number' ? String(amount) : JSON.stringify(amount.slice(0, 40))
}
