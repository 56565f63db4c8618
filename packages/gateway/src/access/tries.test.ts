import { defaultAccess, type Headers } from '@runguard/sdk/core'
import { memoryStore } from '@runguard/sdk/store'
import { manualRuntime } from '@runguard/sdk/testing'
import { describe, expect, it } from 'vitest'
import { type AccessParts, openAccess } from './access-door.js'
import { askerAddress } from './asker-address.js'
import { makeToken } from './secrets.js'

const ADMIN_TOKEN = 'an-admin-token-of-this-test-only-0123456789'

/** Nobody writes down who comes and goes. */
const unheard = async (): Promise<void> => {}

function openDoor({ policy, ...parts }: { policy?: Partial<AccessParts['policy']>; isLoopback?: boolean } = {}) {
  const [store, runtime] = [memoryStore(), manualRuntime()]
  const access = openAccess({
    store,
    runtime,
    isLoopback: true,
    ...parts,
    policy: { ...defaultAccess, adminToken: ADMIN_TOKEN, ...policy },
  })
  const ask = (headers: Headers = {}, remoteAddress = '127.0.0.1') =>
    ({ method: 'POST', headers: { host: '127.0.0.1', ...headers }, remoteAddress }) as const
  const read = async (headers: Headers, remoteAddress?: string) => {
    const answer = await access.permit('keys.list', { ...ask(headers, remoteAddress), method: 'GET' })
    return answer.kind === 'grant' ? 200 : answer.status
  }
  return { store, runtime, access, ask, read }
}

describe('a sign-in that fails', () => {
  it('stands in the audit log, with where it came from and without what was shown', async () => {
    const { access, store, ask, read } = openDoor()
    const { text, id } = makeToken('user')
    await access.login(ask({}, '10.0.0.7'), text, unheard)
    await read({ authorization: 'Bearer a-wrong-token' }, '10.0.0.8')
    const entries = await store.listAudit({ limit: 10 })
    expect(entries).toMatchObject([
      { action: 'session.failed', address: '10.0.0.8', subject: '', after: { way: 'header' } },
      {
        action: 'session.failed',
        address: '10.0.0.7',
        subject: id,
        after: { way: 'login' },
        actor: { kind: 'nobody' },
      },
    ])
    expect(JSON.stringify(entries)).not.toContain(text.slice(id.length))
    expect(JSON.stringify(entries)).not.toContain('a-wrong-token')
  })

  it('does not fill the log, however often and from however many places, and what was left out is counted', async () => {
    const { access, store, runtime, ask } = openDoor()
    for (let at = 0; at < 9; at++) await access.login(ask({}, '10.0.0.7'), 'wrong', unheard)
    expect(await store.listAudit({ limit: 100 })).toHaveLength(3)
    for (let at = 0; at < 60; at++) await access.login(ask({}, `10.1.0.${at}`), 'wrong', unheard)
    expect(await store.listAudit({ limit: 100 })).toHaveLength(20)
    runtime.advance(10 * 60_000)
    await access.login(ask({}, '10.2.0.1'), 'wrong', unheard)
    const [last, before] = await store.listAudit({ limit: 2 })
    const counted = [last, before].map((entry) =>
      Object.entries(entry?.after ?? {}).find(([name]) => name === 'notWrittenBefore'),
    )
    expect(counted[1]?.[1]).toBe(0)
    expect(counted[0]?.[1]).toBeGreaterThan(40)
  })

  it('is slowed down with a token in a header as well, and only there', async () => {
    const { access, ask, read } = openDoor()
    const wrong = () => read({ authorization: 'Bearer wrong' }, '10.0.0.7')
    const answers = await Promise.all(Array.from({ length: 110 }, wrong))
    expect(answers.filter((status) => status === 429)).toHaveLength(10)
    const right = { authorization: `Bearer ${ADMIN_TOKEN}` }
    expect(await read(right, '10.0.0.7')).toBe(429)
    expect(await read(right, '10.0.0.8')).toBe(200)
    expect((await access.login(ask({}, '10.0.0.7'), ADMIN_TOKEN, unheard)).kind).toBe('login')
  })

  it('lets a program with the right token ask as often as it wants', async () => {
    const { read } = openDoor()
    const right = { 'x-api-key': ADMIN_TOKEN }
    for (let at = 0; at < 150; at++) expect(await read(right)).toBe(200)
  })

  it('is a failed one even where it cannot be written down', async () => {
    const { store, access, runtime, ask } = openDoor()
    store.addAudit = async () => {
      throw new Error('the store is gone')
    }
    expect(await access.login(ask(), 'wrong', unheard)).toMatchObject({ kind: 'deny', status: 401 })
    expect(JSON.stringify(runtime.lines)).toContain('sign-in-not-noted')
  })
})

describe('a gateway behind a proxy', () => {
  it.each([
    ['', '10.0.0.9'],
    ['192.0.2.1', '192.0.2.1'],
    ['6.6.6.6, 192.0.2.1', '192.0.2.1'],
    ['6.6.6.6,192.0.2.1:5555', '192.0.2.1'],
    ['[2001:db8::1]:5555', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['unknown', '10.0.0.9'],
    ['<script>', '10.0.0.9'],
    ['192.0.2.1, ', '10.0.0.9'],
  ])('takes %j for %s where the proxy is trusted, and for the proxy where it is not', (told, expected) => {
    const request = { headers: { 'x-forwarded-for': told }, remoteAddress: '10.0.0.9' }
    expect(askerAddress(request, true)).toBe(expected)
    expect(askerAddress(request, false)).toBe('10.0.0.9')
  })

  it('slows down who tries, and nobody else behind the same proxy', async () => {
    const { access, ask } = openDoor({ policy: { trustProxy: true } })
    const from = (address: string) => ask({ 'x-forwarded-for': `6.6.6.6, ${address}` }, '10.0.0.9')
    for (let at = 0; at < 11; at++) await access.login(from('192.0.2.1'), 'wrong', unheard)
    expect(await access.login(from('192.0.2.1'), ADMIN_TOKEN, unheard)).toMatchObject({ status: 429 })
    expect((await access.login(from('192.0.2.2'), ADMIN_TOKEN, unheard)).kind).toBe('login')
  })

  it('is no open door: who comes through one is not on this machine', async () => {
    const { read } = openDoor({ policy: { adminToken: null } })
    expect(await read({})).toBe(200)
    for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip', 'x-forwarded-host']) {
      expect([name, await read({ [name]: '127.0.0.1' })]).toEqual([name, 401])
    }
  })
})
