import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptedHashes, type GatewayKey, keyStatus, newKey, revokeKey, rotateKey } from './gateway-key.js'
import { findRole, isRoleAtLeast, roles } from './role.js'
import { readToken, tokenBytes, writeToken } from './token.js'
import { changeUser, newUser } from './user.js'

const key: GatewayKey = newKey({
  id: 'rgk_aaaaaaaaaa',
  name: 'ci',
  team: 'research',
  user: null,
  project: null,
  hash: 'h1',
  createdAt: 0,
  createdBy: 'alice',
  expiresAt: null,
})

function rotated(from: GatewayKey, hash: string, at: number, graceMs: number): GatewayKey {
  const next = rotateKey(from, hash, at, graceMs)
  expect(next).not.toBeNull()
  return next ?? from
}

describe('roles', () => {
  it('are a ladder', () => {
    const table = roles.map((role) => roles.filter((needed) => isRoleAtLeast(role, needed)).length)
    expect(table).toEqual([1, 2, 3])
  })

  it('are known by their exact names', () => {
    expect(['admin', 'Admin', 'constructor', 0, null].map(findRole)).toEqual(['admin', null, null, null, null])
  })
})

describe('tokens', () => {
  it('are read back as they were written, and show nothing of their secret in their id', () => {
    const random = fc.uint8Array({ minLength: tokenBytes, maxLength: tokenBytes })
    fc.assert(
      fc.property(fc.constantFrom('key' as const, 'user' as const, 'admin' as const), random, (kind, bytes) => {
        const token = writeToken(kind, bytes)
        expect(readToken(token.text)).toEqual(token)
        expect(token.text.slice(token.id.length)).toHaveLength(40)
        expect(token.text.startsWith(token.id)).toBe(true)
      }),
    )
  })

  it('are nothing else', () => {
    const { text } = writeToken('key', new Uint8Array(tokenBytes))
    const others = [`${text}a`, text.slice(1), text.toUpperCase(), ` ${text.slice(1)}`, `${text.slice(0, -1)}\n`]
    const odd = ['', 'sk-ant-test', 'x'.repeat(1_000_000), text.replace('rgk', 'rgx'), `${text.slice(0, -1)}1`]
    expect([...others, ...odd].map(readToken)).toEqual(Array.from({ length: 10 }, () => null))
    expect(() => writeToken('key', new Uint8Array(tokenBytes - 1))).toThrow(RangeError)
  })
})

describe('a gateway key', () => {
  it('takes the old secret for a time of grace after it was rotated, and then only the new one', () => {
    const next = rotated(key, 'h2', 100, 50)
    expect(acceptedHashes(next, 149)).toEqual(['h2', 'h1'])
    expect(acceptedHashes(next, 150)).toEqual(['h2'])
    expect(next).toMatchObject({ id: key.id, rotatedAt: 100, version: 2 })
  })

  it('keeps both times of grace when it is rotated twice in a row', () => {
    const twice = rotated(rotated(key, 'h2', 100, 50), 'h3', 120, 50)
    expect(acceptedHashes(twice, 149)).toEqual(['h3', 'h2', 'h1'])
    expect(acceptedHashes(twice, 150)).toEqual(['h3', 'h2'])
    expect(acceptedHashes(twice, 170)).toEqual(['h3'])
  })

  it('ends everything old at once when it is rotated without grace', () => {
    const twice = rotated(rotated(key, 'h2', 100, 1_000), 'h3', 120, 0)
    expect(acceptedHashes(twice, 120)).toEqual(['h3'])
  })

  it('always takes the newest secret, never one that is out of time, and stays small', () => {
    const step = fc.record({ wait: fc.nat({ max: 100 }), graceMs: fc.nat({ max: 200 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let [now, current] = [0, key]
        const ends = new Map<string, number>([['h1', Number.POSITIVE_INFINITY]])
        for (const [index, { wait, graceMs }] of steps.entries()) {
          now += wait
          for (const [hash, end] of ends) ends.set(hash, Math.min(end, now + graceMs))
          current = rotated(current, `n${index}`, now, graceMs)
          ends.set(`n${index}`, Number.POSITIVE_INFINITY)
          const accepted = acceptedHashes(current, now)
          expect(accepted[0]).toBe(`n${index}`)
          expect(accepted.every((hash) => (ends.get(hash) ?? 0) > now)).toBe(true)
          expect(current.secrets.length).toBeLessThanOrEqual(8)
        }
      }),
    )
  })

  it('takes nothing once it is revoked or expired, and cannot be rotated back to life', () => {
    const revoked = revokeKey(rotated(key, 'h2', 100, 1_000), 110)
    expect(revoked).not.toBeNull()
    if (revoked === null) return
    expect([acceptedHashes(revoked, 111), keyStatus(revoked, 111)]).toEqual([[], 'revoked'])
    expect([rotateKey(revoked, 'h3', 120, 0), revokeKey(revoked, 130)]).toEqual([null, null])
    const brief = { ...key, expiresAt: 100 }
    expect([acceptedHashes(brief, 99), acceptedHashes(brief, 100)]).toEqual([['h1'], []])
    expect(rotateKey(brief, 'h2', 100, 0)).toBeNull()
  })
})

describe('a user', () => {
  const alice = newUser({
    id: 'alice',
    name: 'Alice',
    email: 'Alice@Example.com',
    role: 'viewer',
    isDisabled: false,
    token: null,
    createdAt: 0,
    createdBy: 'cli',
  })

  it('is known by an address in lower case, and another address is not the same person any more', () => {
    const known = changeUser(alice, { subject: 'issuer|1' })
    expect(known).toMatchObject({ email: 'alice@example.com', subject: 'issuer|1', version: 2 })
    expect(changeUser(known, { role: 'admin' })).toMatchObject({ subject: 'issuer|1', role: 'admin' })
    expect(changeUser(known, { email: 'a@b.c' })).toMatchObject({ email: 'a@b.c', subject: null })
  })
})
