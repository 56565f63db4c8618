/** Gateway keys at the data plane: on whose account a call runs. */

import {
  acceptedHashes,
  forgetOldest,
  type GatewayKey,
  type Headers,
  type KeyAccount,
  keyAccount,
  type Refusal,
  readToken,
} from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { BudgetRegistry, TeamStore } from '@runguard/sdk/store'
import { holdsOwnToken } from './own-tokens.js'
import { hashSecret, isSameSecret } from './secrets.js'

/** What a call shows. */
export type KeyResolution =
  /** No gateway key, and none is needed. */
  | { readonly kind: 'none' }
  | { readonly kind: 'account'; readonly account: KeyAccount; readonly presented: string }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }

/** What a call shows, looked up. */
export interface GatewayKeys {
  resolve(headers: Headers): Promise<KeyResolution>
  /** True if a token of ours is anywhere in a header or an address, whether or not it is a right one. */
  isIn(text: string): boolean
}

/** What is needed to look keys up. */
export interface GatewayKeyParts {
  readonly store: Pick<TeamStore, 'findKey' | 'noteKeyUse'> & Pick<BudgetRegistry, 'version'>
  readonly runtime: Runtime
  readonly requireKeys: boolean
  /** The configured one, which nothing in it shows to be ours: it must not go to the API either. */
  readonly adminToken?: string | null
}

/** Keys that were looked up are remembered until somebody changes one, on whatever gateway. */
export function openGatewayKeys(parts: GatewayKeyParts): GatewayKeys {
  const memory = new KeyMemory(parts)
  return {
    async resolve(headers) {
      const presented = presentedToken(headers, parts.adminToken ?? null)
      if (presented === null) return parts.requireKeys ? KEY_REQUIRED : { kind: 'none' }
      const token = readToken(presented)
      if (token?.kind !== 'key') return KEY_REFUSED
      const now = parts.runtime.now()
      const hash = hashSecret(presented)
      const accepts = (key: GatewayKey): boolean =>
        acceptedHashes(key, now).some((accepted) => isSameSecret(accepted, hash))
      let key = await memory.find(token.id)
      // It may have been rotated just now: whoever shows the new secret must not wait for it to be noticed.
      if (key !== null && key !== UNREADABLE && !accepts(key)) key = await memory.findAgain(token.id)
      if (key === UNREADABLE) return STORE_DOWN
      if (key === null || !accepts(key)) return KEY_REFUSED
      memory.noteUse(key.id, now)
      return { kind: 'account', account: keyAccount(key), presented }
    },
    isIn: (text) => holdsOwnToken(text, parts.adminToken ?? null),
  }
}

/** The header for clients that send a credential of their own beside it. It is never sent on. */
const KEY_HEADER = 'x-runguard-key'

/** What is, or looks like, a token of ours, wherever clients put their credential; null if nothing does. */
function presentedToken(headers: Headers, adminToken: string | null): string | null {
  const bearer = headers.authorization?.replace(/^bearer +/i, '')
  const shown = [headers[KEY_HEADER], headers['x-api-key'], bearer].map((value) => value?.trim())
  const isOurs = (value = ''): boolean =>
    /^rg[kua]_/.test(value) || (adminToken !== null && isSameSecret(value, adminToken))
  return shown.find(isOurs) ?? (headers[KEY_HEADER] === undefined ? null : '')
}

const KEY_REFUSED: KeyResolution = {
  kind: 'refuse',
  refusal: {
    code: 'runguard_key_refused',
    message: 'RunGuard does not know this gateway key, or it was revoked or replaced. Ask whoever runs RunGuard.',
  },
}

const KEY_REQUIRED: KeyResolution = {
  kind: 'refuse',
  refusal: {
    code: 'runguard_key_required',
    message: 'RunGuard takes calls with a gateway key only: send one (rgk_…) where the API key goes.',
  },
}

const STORE_DOWN: KeyResolution = {
  kind: 'refuse',
  refusal: {
    code: 'runguard_ledger_unavailable',
    message: 'RunGuard cannot look up this gateway key now. Try again in a moment.',
    retryAfterSec: 5,
  },
}

const UNREADABLE = Symbol('unreadable')

/** A change is noticed after so long, on every gateway. */
const CHECK_MS = 1_000
/** So often at most wrong secrets of a known key make somebody look again. */
const RECHECK_MS = 50
/** Nobody asked for so long: who asks now waits for the answer. */
const STALE_MS = 3_000
const USE_MS = 60_000
/** Unknown ones are among them: whoever makes ids up costs no search each time. */
const MAX_KEYS = 20_000

class KeyMemory {
  readonly #parts: GatewayKeyParts
  readonly #keys = new Map<string, GatewayKey | null>()
  readonly #usedAt = new Map<string, number>()
  #version: number | null = null
  #checkedAt = Number.NEGATIVE_INFINITY
  #checking: Promise<void> | null = null

  constructor(parts: GatewayKeyParts) {
    this.#parts = parts
  }

  /** Null if there is none. Never rejects: what is remembered serves while the store cannot be read. */
  async find(id: string): Promise<GatewayKey | null | typeof UNREADABLE> {
    const age = this.#parts.runtime.tick() - this.#checkedAt
    if (age >= CHECK_MS) {
      const checked = this.#check()
      if (age >= STALE_MS) await checked
    }
    const known = this.#keys.get(id)
    return known === undefined ? await this.#read(id) : known
  }

  /** As {@link find}, after a look whether anything has changed. */
  async findAgain(id: string): Promise<GatewayKey | null | typeof UNREADABLE> {
    if (this.#parts.runtime.tick() - this.#checkedAt >= RECHECK_MS) await this.#check()
    return await this.find(id)
  }

  /** About once a minute, and without waiting: it is shown to people. */
  noteUse(id: string, now: number): void {
    if (now - (this.#usedAt.get(id) ?? Number.NEGATIVE_INFINITY) < USE_MS) return
    this.#usedAt.set(id, now)
    const { store, runtime } = this.#parts
    store.noteKeyUse(id, now).catch((error: unknown) => {
      runtime.log.warn('key-use-not-noted', { key: id, error: String(error) })
    })
  }

  #check(): Promise<void> {
    this.#checking ??= this.#readVersion().finally(() => {
      this.#checking = null
    })
    return this.#checking
  }

  async #readVersion(): Promise<void> {
    const { store, runtime } = this.#parts
    try {
      const version = await store.version()
      if (version !== this.#version) this.#keys.clear()
      this.#version = version
    } catch (error) {
      runtime.log.error('registry-unreadable', { error: String(error) })
    }
    this.#checkedAt = runtime.tick()
  }

  async #read(id: string): Promise<GatewayKey | null | typeof UNREADABLE> {
    const { store, runtime } = this.#parts
    const version = this.#version
    try {
      const key = await store.findKey(id)
      // What was read before a change that was noticed meanwhile is not remembered.
      if (version === this.#version) this.#remember(id, key)
      return key
    } catch (error) {
      runtime.log.error('key-unreadable', { key: id, error: String(error) })
      return UNREADABLE
    }
  }

  #remember(id: string, key: GatewayKey | null): void {
    this.#keys.set(id, key)
    forgetOldest(this.#keys, MAX_KEYS)
  }
}
