/** Which store, for whom, and what it is once it is open. */

import type { Registry, SessionStore, Store, TrafficStore } from '@runguard/sdk/store'

/** Which store. */
export type StorePlace =
  | { readonly kind: 'file'; readonly directory: string }
  | { readonly kind: 'postgres'; readonly url: string }

/** The flags that choose it. */
export interface StoreFlags {
  readonly data?: string
  readonly store?: string
  /** The configuration, which may name one too. */
  readonly config?: string
}

/** Given by whoever serves calls: nobody waits long then, neither for another process nor for a server that hangs. */
export interface Serving {
  /** Called when a connection to a server breaks while nobody uses it. */
  onLost(error: Error): void
}

/** A store with its registry, its sessions and its sums. */
export type OpenStore = Store & Registry & SessionStore & TrafficStore
