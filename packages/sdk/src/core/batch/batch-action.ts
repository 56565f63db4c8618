/** What is done with batches, by method and path. */

import type { Endpoint } from '../body/endpoint.js'

/** `other`: nothing that the API is known to have. */
export type BatchAction =
  | { readonly kind: 'create' | 'list' | 'other' }
  | { readonly kind: 'show' | 'results' | 'cancel' | 'delete'; readonly batch: string }

const WITHOUT_ID = new Map<string, 'create' | 'list'>([
  ['POST', 'create'],
  ['GET', 'list'],
])

/** @param target canonical, as of an endpoint of kind `batches`; its query says nothing here */
export function batchAction(method: string, target: string): BatchAction {
  const [, , , , batch, last, ...rest] = (target.split('?', 1)[0] ?? '').split('/').map(nameOf)
  const verb = method.toUpperCase()
  if (batch === undefined) return { kind: WITHOUT_ID.get(verb) ?? 'other' }
  if (rest.length > 0) return { kind: 'other' }
  if (last === undefined) return verb === 'DELETE' ? { kind: 'delete', batch } : { kind: 'show', batch }
  if (last.toLowerCase() === 'cancel') return { kind: 'cancel', batch }
  return last.toLowerCase() === 'results' && verb === 'GET' ? { kind: 'results', batch } : { kind: 'other' }
}

/** True for the one call that may cost something, and whose body has to be read. */
export function isBatchCreation(method: string, { kind, target }: Endpoint): boolean {
  return kind === 'batches' && batchAction(method, target).kind === 'create'
}

/** Without its parameters, as servers may read it. */
function nameOf(segment: string): string {
  return segment.split(';', 1)[0] ?? ''
}
