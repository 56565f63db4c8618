/** Making, rotating and revoking gateway keys: for the control plane and for the program alike. */

import { type GatewayKey, isNameLine, newKey, revokeKey, rotateKey } from '@runguard/sdk/core'
import type { TeamStore } from '@runguard/sdk/store'
import { hashSecret, makeToken } from './secrets.js'
import { type Changed, changeStored, TeamChangeError } from './team-change.js'

/** What is said of a new key. */
export interface KeyWishes {
  readonly name: string
  readonly team: string | null
  readonly user: string | null
  readonly project: string | null
  /** Milliseconds since the epoch; null for never. */
  readonly expiresAt: number | null
}

/** A key with its secret, the only time that anybody sees it. */
export interface NewKey extends Changed<GatewayKey> {
  readonly secret: string
}

/** Makes a key. @param by the id of who does it */
export async function createKey(store: TeamStore, wishes: KeyWishes, by: string, now: number): Promise<NewKey> {
  if (wishes.expiresAt !== null && wishes.expiresAt <= now) {
    throw new TeamChangeError('invalid', 'This key would be over before it begins.')
  }
  for (const name of [wishes.name, wishes.team, wishes.user, wishes.project]) {
    if (name !== null && !isNameLine(name)) throw new TeamChangeError('invalid', 'A name of a key is one line of text.')
  }
  const { id, text } = makeToken('key')
  const key = newKey({ ...wishes, id, hash: hashSecret(text), createdAt: now, createdBy: by })
  if (!(await store.changeKey(key))) throw new TeamChangeError('conflict', 'This key could not be made: try again.')
  return { before: null, after: key, secret: text }
}

/** Gives a key another secret. @param graceMs so long the old one is accepted too */
export async function rotateGatewayKey(store: TeamStore, id: string, now: number, graceMs: number): Promise<NewKey> {
  const { text } = makeToken('key')
  // The id stays: only the secret part is new.
  const secret = id + text.slice(id.length)
  const changed = await changeStored({
    find: () => store.findKey(id),
    next: (key) => rotateKey(key, hashSecret(secret), now, graceMs),
    keep: (key) => store.changeKey(key),
    missing: `There is no key ${JSON.stringify(id)}.`,
    idle: 'This key was revoked or has expired: make another one.',
  })
  return { ...changed, secret }
}

/** Ends a key: within seconds no gateway takes it any more. */
export async function revokeGatewayKey(store: TeamStore, id: string, now: number): Promise<Changed<GatewayKey>> {
  return changeStored({
    find: () => store.findKey(id),
    next: (key) => revokeKey(key, now),
    keep: (key) => store.changeKey(key),
    missing: `There is no key ${JSON.stringify(id)}.`,
    idle: 'This key was revoked before.',
  })
}

/** A key as it may be shown and written down: no hash of anything. */
export function shownKey({ secrets: _, version: __, ...key }: GatewayKey): Omit<GatewayKey, 'secrets' | 'version'> {
  return key
}
