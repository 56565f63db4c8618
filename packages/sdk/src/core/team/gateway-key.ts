/** Gateway keys: what programs show instead of a key of the API, and on whose account their calls run. */

/** A key as it is kept: never what its holder presents. */
export interface GatewayKey {
  /** The part of it that may be shown; it stays when the secret is rotated, and budgets name it. */
  readonly id: string
  readonly name: string
  /** Whose calls these are; null where the key does not say. */
  readonly team: string | null
  readonly user: string | null
  readonly project: string | null
  /** What is accepted, the newest first. */
  readonly secrets: readonly KeySecret[]
  /** Milliseconds since the epoch, as all times here. */
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | null
  readonly rotatedAt: number | null
  readonly revokedAt: number | null
  /** 1, and one more with every change: of two changes at once only one is taken. */
  readonly version: number
}

/** One secret of a key. */
export interface KeySecret {
  /** Of the whole key. */
  readonly hash: string
  /** Accepted up to then; null for the current one. */
  readonly until: number | null
}

/** What is said of a key when it is made. */
export interface KeyDraft {
  readonly id: string
  readonly name: string
  readonly team: string | null
  readonly user: string | null
  readonly project: string | null
  readonly hash: string
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | null
}

/** The account of a key's calls, as far as the key says. */
export interface KeyAccount {
  /** The key's id. */
  readonly key: string
  readonly team: string | null
  readonly user: string | null
  readonly project: string | null
}

/** Whether calls with a key are taken. */
export type KeyStatus = 'active' | 'expired' | 'revoked'

/** A key that nobody has used yet. */
export function newKey({ hash, ...draft }: KeyDraft): GatewayKey {
  return { ...draft, secrets: [{ hash, until: null }], rotatedAt: null, revokedAt: null, version: 1 }
}

/** Rotating again and again, with a long time of grace, must not make a key grow. */
const MAX_SECRETS = 8

/**
 * The key with a new secret. The old one is accepted for `graceMs` more; one that was to end before that still does, and
 * without grace all end at once. Null if the key is not active.
 */
export function rotateKey(key: GatewayKey, hash: string, at: number, graceMs: number): GatewayKey | null {
  if (keyStatus(key, at) !== 'active') return null
  const end = at + graceMs
  const old = key.secrets.map((secret) => ({ ...secret, until: Math.min(secret.until ?? end, end) }))
  const secrets = [{ hash, until: null }, ...old.filter(({ until }) => until > at)].slice(0, MAX_SECRETS)
  return { ...key, secrets, rotatedAt: at, version: key.version + 1 }
}

/** The key that nothing is taken with any more; null if that was so before. */
export function revokeKey(key: GatewayKey, at: number): GatewayKey | null {
  if (key.revokedAt !== null) return null
  return { ...key, secrets: [], revokedAt: at, version: key.version + 1 }
}

/** @param now milliseconds since the epoch */
export function keyStatus({ revokedAt, expiresAt }: GatewayKey, now: number): KeyStatus {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active'
}

/** The hashes of what is accepted now: none unless the key is active. */
export function acceptedHashes(key: GatewayKey, now: number): readonly string[] {
  if (keyStatus(key, now) !== 'active') return []
  return key.secrets.filter(({ until }) => until === null || until > now).map(({ hash }) => hash)
}

/** On whose account calls with this key run. */
export function keyAccount({ id, team, user, project }: GatewayKey): KeyAccount {
  return { key: id, team, user, project }
}
