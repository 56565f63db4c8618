/** State that lives in the address, so that it can be shared and gone back to. */

import { useLocation } from 'wouter'
// The one of the package's entry decodes once too often: a name with a percent sign would become another one.
import { useSearch } from 'wouter/use-browser-location'

/** Values of the query of the address. */
export type UrlValues = Readonly<Record<string, string>>

/**
 * The query of the address, and how to change it: what is undefined or empty is taken out. Other values stay.
 *
 * @param isKept true: the browser's back button leads to the state before
 */
export function useUrlState(): readonly [
  UrlValues,
  (values: Record<string, string | undefined>, isKept?: boolean) => void,
] {
  const search = useSearch()
  const [path, navigate] = useLocation()
  const values = Object.fromEntries(new URLSearchParams(search))
  const change = (changed: Record<string, string | undefined>, isKept = false) => {
    navigate(path + searchOf({ ...values, ...changed }), { replace: !isKept })
  }
  return [values, change]
}

/** `?a=b`, or nothing. */
export function searchOf(values: Readonly<Record<string, string | undefined>>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined && value !== '') search.set(name, value)
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}

/** The address of one call. */
export const callHref = (id: string): string => `/call${searchOf({ id })}`

/** The address of one budget. */
export const budgetHref = (id: string): string => `/budgets${searchOf({ id })}`

/** Where something can be done about an alert. */
export function aboutHref({ kind, about }: { readonly kind: string; readonly about: string }): string {
  if (kind === 'budget') return '/budgets'
  if (about.startsWith('session:')) return sessionHref(about.slice('session:'.length))
  return kind === 'loop' || kind === 'breaker' ? '/loops' : '/alerts'
}

/** The address of one session. */
export const sessionHref = (id: string): string => `/session${searchOf({ id })}`
