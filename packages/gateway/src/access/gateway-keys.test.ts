import { type Headers, readToken } from '@runguard/sdk/core'
import { memoryStore } from '@runguard/sdk/store'
import { manualRuntime } from '@runguard/sdk/testing'
import { describe, expect, it } from 'vitest'
import { type GatewayKeyParts, openGatewayKeys } from './gateway-keys.js'
import { createKey, revokeGatewayKey, rotateGatewayKey } from './key-changes.js'
import { makeToken } from './secrets.js'
import { TeamChangeError } from './team-change.js'

const wishes = { name: 'ci', team: 'research', user: 'alice', project: 'web', expiresAt: null }

function openHouse(parts: Partial<GatewayKeyParts> = {}) {
  const [store, runtime] = [memoryStore(), manualRuntime()]
  const reads = { keys: 0, versions: 0, uses: 0, isDown: false }
  const guard = async <T>(count: 'keys' | 'versions' | 'uses', work: () => Promise<T>): Promise<T> => {
    reads[count] += 1
    if (reads.isDown) throw new Error('the store is gone')
    return work()
  }
  const counted: GatewayKeyParts['store'] = {
    findKey: (id) => guard('keys', () => store.findKey(id)),
    version: () => guard('versions', () => store.version()),
    noteKeyUse: (id, at) => guard('uses', () => store.noteKeyUse(id, at)),
  }
  const keys = openGatewayKeys({ store: counted, runtime, requireKeys: false, ...parts })
  const codeOf = async (headers: Headers) => {
    const found = await keys.resolve(headers)
    return found.kind === 'refuse' ? found.refusal.code : found.kind
  }
  return { store, runtime, keys, codeOf, reads, create: () => createKey(store, wishes, 'test', runtime.now()) }
}

describe('a call with a gateway key', () => {
  it('is on the account of the key, wherever the client puts it', async () => {
    const { keys, create } = openHouse()
    const { secret, after } = await create()
    const account = { key: after.id, team: 'research', user: 'alice', project: 'web' }
    const places: Headers[] = [
      { 'x-api-key': secret },
      { authorization: `Bearer ${secret}` },
      { authorization: `bearer  ${secret} `, 'x-api-key': 'sk-ant-test' },
      { 'x-runguard-key': secret, 'x-api-key': 'sk-ant-test' },
    ]
    for (const headers of places) expect(await keys.resolve(headers)).toMatchObject({ kind: 'account', account })
  })

  it('is refused unless the key is right to the last letter', async () => {
    const { codeOf, create } = openHouse()
    const [{ secret }, { secret: other }] = [await create(), await create()]
    const near = `${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}`
    const mixed = secret.slice(0, 14) + other.slice(14)
    const wrong = [
      near,
      mixed,
      `${secret}a`,
      `${secret}, ${secret}`,
      'rgk_',
      secret.toUpperCase().replace('RGK', 'rgk'),
    ]
    const huge = `rgk_${'a'.repeat(1_000_000)}`
    for (const key of [...wrong, huge]) expect(await codeOf({ 'x-api-key': key })).toBe('runguard_key_refused')
    expect(await codeOf({ 'x-runguard-key': 'sk-ant-test' })).toBe('runguard_key_refused')
  })

  it('never goes to the API with a token that is for people', async () => {
    const adminToken = 'a-configured-admin-token-0123456789'
    const { codeOf } = openHouse({ adminToken })
    const tokens = [makeToken('user').text, makeToken('admin').text, adminToken]
    for (const token of tokens) {
      expect(await codeOf({ 'x-api-key': token })).toBe('runguard_key_refused')
      expect(await codeOf({ authorization: `Bearer ${token}`, 'x-api-key': 'sk-ant-test' })).toBe(
        'runguard_key_refused',
      )
    }
  })

  it('is not needed unless the operator says so', async () => {
    expect(await openHouse().codeOf({ 'x-api-key': 'sk-ant-test' })).toBe('none')
    const strict = openHouse({ requireKeys: true })
    expect(await strict.codeOf({ 'x-api-key': 'sk-ant-test' })).toBe('runguard_key_required')
    expect(await strict.codeOf({})).toBe('runguard_key_required')
  })

  it('is refused a second after the key was revoked on whatever gateway', async () => {
    const { codeOf, create, store, runtime } = openHouse()
    const { secret, after } = await create()
    const headers = { 'x-api-key': secret }
    expect(await codeOf(headers)).toBe('account')
    await revokeGatewayKey(store, after.id, runtime.now())
    runtime.advance(1_000)
    // The first call after a second begins to look; whoever comes next knows.
    await codeOf(headers)
    expect(await codeOf(headers)).toBe('runguard_key_refused')
  })

  it('is refused at once if nobody called for a while before', async () => {
    const { codeOf, create, store, runtime } = openHouse()
    const { secret, after } = await create()
    expect(await codeOf({ 'x-api-key': secret })).toBe('account')
    await revokeGatewayKey(store, after.id, runtime.now())
    runtime.advance(3_000)
    expect(await codeOf({ 'x-api-key': secret })).toBe('runguard_key_refused')
  })

  it('goes on with an old secret while its grace lasts, also after two rotations in a row', async () => {
    const { codeOf, create, store, runtime } = openHouse()
    const first = await create()
    const second = await rotateGatewayKey(store, first.after.id, runtime.now(), 60_000)
    const third = await rotateGatewayKey(store, first.after.id, runtime.now(), 60_000)
    const secrets = [first, second, third].map(({ secret }) => secret)
    expect(new Set(secrets.map((secret) => readToken(secret)?.id)).size).toBe(1)
    const codes = () => Promise.all(secrets.map((secret) => codeOf({ 'x-api-key': secret })))
    expect(await codes()).toEqual(['account', 'account', 'account'])
    runtime.advance(60_000)
    expect(await codes()).toEqual(['runguard_key_refused', 'runguard_key_refused', 'account'])
  })

  it('is taken with its new secret right after it was rotated', async () => {
    const { store, runtime, codeOf, create } = openHouse()
    const { secret, after } = await create()
    expect(await codeOf({ 'x-api-key': secret })).toBe('account')
    runtime.advance(100)
    const rotated = await rotateGatewayKey(store, after.id, runtime.now(), 0)
    expect(await codeOf({ 'x-api-key': rotated.secret })).toBe('account')
    expect(await codeOf({ 'x-api-key': secret })).toBe('runguard_key_refused')
  })

  it('shown with wrong secrets again and again makes nobody look at the store each time', async () => {
    const { codeOf, create, reads } = openHouse()
    const { secret } = await create()
    expect(await codeOf({ 'x-api-key': secret })).toBe('account')
    const wrong = `${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}`
    const before = { ...reads }
    for (let tries = 0; tries < 20; tries++) await codeOf({ 'x-api-key': wrong })
    expect(reads).toEqual(before)
  })

  it('costs no look at the store while nothing changes, for known and for made-up keys', async () => {
    const { codeOf, create, reads } = openHouse()
    const { secret } = await create()
    const unknown = `rgk_${'b'.repeat(50)}`
    for (let at = 0; at < 100; at++) {
      expect(await codeOf({ 'x-api-key': secret })).toBe('account')
      expect(await codeOf({ 'x-api-key': unknown })).toBe('runguard_key_refused')
    }
    expect(reads).toMatchObject({ keys: 2, versions: 1, uses: 1 })
  })

  it('goes on with a known key while the store is gone, and asks to try again for one that is not', async () => {
    const { codeOf, create, reads, runtime } = openHouse()
    const [known, other] = [await create(), await create()]
    expect(await codeOf({ 'x-api-key': known.secret })).toBe('account')
    reads.isDown = true
    runtime.advance(120_000)
    expect(await codeOf({ 'x-api-key': known.secret })).toBe('account')
    expect(await codeOf({ 'x-api-key': other.secret })).toBe('runguard_ledger_unavailable')
    expect(JSON.stringify(runtime.lines)).not.toContain(known.secret)
    reads.isDown = false
    expect(await codeOf({ 'x-api-key': other.secret })).toBe('account')
  })

  it('is found among ten thousand keys, and its use is noted about once a minute', async () => {
    const { codeOf, create, store, runtime } = openHouse()
    let last = await create()
    for (let at = 0; at < 9_999; at++) last = await create()
    expect(await codeOf({ 'x-api-key': last.secret })).toBe('account')
    runtime.advance(59_000)
    await codeOf({ 'x-api-key': last.secret })
    const row = async () => (await store.listKeys({ limit: 20_000 })).find(({ key }) => key.id === last.after.id)
    const first = (await row())?.lastUsedAt ?? 0
    expect(first).toBe(runtime.now() - 59_000)
    runtime.advance(1_000)
    await codeOf({ 'x-api-key': last.secret })
    expect((await row())?.lastUsedAt).toBe(first + 60_000)
  })
})

describe('changing keys', () => {
  it('keeps no secret, and makes none twice', async () => {
    const { create, store } = openHouse()
    const made = await Promise.all(Array.from({ length: 50 }, create))
    expect(new Set(made.map(({ secret }) => secret)).size).toBe(50)
    const kept = JSON.stringify(await store.listKeys({ limit: 100 }))
    for (const { secret } of made) expect(kept).not.toContain(secret.slice(14))
  })

  it('takes no name that hides something, or turns round what stands beside it', async () => {
    const { store } = openHouse()
    for (const odd of ['', ' ', 'a\0b', 'a\u202eb', 'a\nb', '\ud800', 'a\u2028b', 'x'.repeat(201)]) {
      for (const field of ['name', 'team', 'user', 'project']) {
        await expect(createKey(store, { ...wishes, [field]: odd }, 'test', 0)).rejects.toMatchObject({
          kind: 'invalid',
        })
      }
    }
    expect(await store.listKeys({ limit: 10 })).toEqual([])
  })

  it('says why one cannot be changed', async () => {
    const { create, store, runtime } = openHouse()
    const { after } = await create()
    await revokeGatewayKey(store, after.id, runtime.now())
    await expect(revokeGatewayKey(store, after.id, 1)).rejects.toMatchObject({ kind: 'conflict' })
    await expect(rotateGatewayKey(store, after.id, 1, 0)).rejects.toThrow(TeamChangeError)
    await expect(rotateGatewayKey(store, 'rgk_nobody', 1, 0)).rejects.toMatchObject({ kind: 'not-found' })
    const past = { ...wishes, expiresAt: runtime.now() }
    await expect(createKey(store, past, 'test', runtime.now())).rejects.toMatchObject({ kind: 'invalid' })
  })

  it('does not bring a key back that is revoked while somebody rotates it', async () => {
    const { create, store, runtime } = openHouse()
    const { after } = await create()
    const now = runtime.now()
    await Promise.allSettled([rotateGatewayKey(store, after.id, now, 0), revokeGatewayKey(store, after.id, now)])
    expect((await store.findKey(after.id))?.revokedAt).toBe(now)
  })
})
