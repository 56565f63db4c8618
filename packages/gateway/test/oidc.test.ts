import { type AccessPolicy, defaultAccess, type Headers, type OidcPolicy } from '@runguard/sdk/core'
import { memoryStore } from '@runguard/sdk/store'
import { manualRuntime } from '@runguard/sdk/testing'
import { describe, expect, it } from 'vitest'
import { addUser, type Denial, oidcProblem, openAccess, type Redirect, setUser } from '../src/access/index.js'
import { type People, passSignIn, policyFor, startSignIn } from './oidc-house.js'

const PUBLIC_URL = 'http://localhost:4141'

/** Nobody writes down who comes. */
const unheard = async (): Promise<void> => {}

const people: People = {
  alice: { email: 'Alice@Example.com', email_verified: true, name: 'Alice\u0007 A.', groups: ['eng', 'admins'] },
  bob: { email: 'bob@example.com', email_verified: true, name: 'Bob', groups: ['eng'] },
  mallory: { email: 'alice@example.com', email_verified: true, name: 'Mallory', groups: ['admins'] },
  unsure: { email: 'alice@example.com', email_verified: false, groups: ['admins'] },
  stranger: { email: 'eve@example.com.evil.example', email_verified: true, groups: ['admins'] },
  nobody: {},
  // Of a sign-in that writes it in letters, and of one that lets people choose their letters.
  doubtful: { email: 'alice@example.com', email_verified: 'false', groups: ['admins'] },
  kelvin: { email: 'mi\u212ae@example.com', email_verified: true, groups: ['admins'] },
}

async function openHouse(wishes: Partial<OidcPolicy> = {}, isShy = true) {
  const issuer = await startSignIn(PUBLIC_URL, people, isShy)
  const oidc: OidcPolicy = { ...policyFor(issuer), ...wishes }
  const policy: AccessPolicy = { ...defaultAccess, publicUrl: PUBLIC_URL, oidc }
  const [store, runtime] = [memoryStore(), manualRuntime(Date.now())]
  const access = openAccess({ store, runtime, policy, isLoopback: true })
  const ask = (headers: Headers) => ({
    method: 'GET',
    headers: { host: 'localhost:4141', ...headers },
    remoteAddress: '127.0.0.1',
  })
  const start = async (): Promise<Redirect> => (await access.oidc?.start(ask({}))) as Redirect
  const finish = async (cookie: string, url: string) =>
    (await access.oidc?.finish(ask({ cookie }), url, unheard)) as Redirect | Denial
  const signIn = async (name: string): Promise<Redirect | Denial> => {
    const begun = await start()
    return finish(cookieOf(begun), await passSignIn(begun.location, name, PUBLIC_URL))
  }
  return { access, store, runtime, ask, start, finish, signIn }
}

function cookieOf({ setCookies }: Redirect): string {
  return setCookies.map((cookie) => cookie.split(';', 1)[0]).join('; ')
}

describe("an organisation's sign-in", () => {
  it('signs somebody new in as what new users are, with a session', async () => {
    const { signIn, access, ask, store, runtime } = await openHouse()
    const done = (await signIn('bob')) as Redirect
    expect(done).toMatchObject({
      kind: 'redirect',
      location: '/runguard/',
      actor: { kind: 'user', id: 'bob@example.com' },
    })
    expect(done.setCookies[0]).toMatch(/^runguard_session=.+HttpOnly; SameSite=Strict$/)
    expect(done.setCookies[1]).toMatch(/^runguard_oidc=; Path=\/runguard\/api\/oidc; Max-Age=0/)
    const session = await access.permit('session.read', ask({ cookie: cookieOf(done) }))
    expect(session).toMatchObject({ kind: 'grant', actor: { role: 'viewer', name: 'Bob' } })
    await setUser(store, 'bob@example.com', { role: 'operator' })
    expect(await signIn('bob')).toMatchObject({ actor: { role: 'operator' } })
    expect(runtime.lines).toEqual([])
  })

  it('gives the greatest role that a claim gives, anew each time', async () => {
    const roles = {
      claim: 'groups',
      values: new Map([
        ['admins', 'admin'],
        ['eng', 'operator'],
      ] as const),
    }
    const { signIn, store } = await openHouse({ roles, newUsers: null }, false)
    expect(await signIn('alice')).toMatchObject({ actor: { id: 'alice@example.com', name: 'Alice A.', role: 'admin' } })
    expect(await signIn('bob')).toMatchObject({ actor: { role: 'operator' } })
    await setUser(store, 'bob@example.com', { role: 'admin' })
    expect(await signIn('bob')).toMatchObject({ actor: { role: 'operator' } })
  })

  it('lets in nobody whose address is not confirmed, foreign, or not there', async () => {
    const { signIn, store } = await openHouse()
    for (const name of ['unsure', 'doubtful', 'kelvin', 'stranger', 'nobody']) {
      expect([name, await signIn(name)]).toMatchObject([name, { kind: 'deny', status: 403 }])
    }
    expect(await store.listUsers()).toEqual([])
  })

  it('knows a person again, not their address: another one who gets it later is somebody else', async () => {
    const { signIn, store } = await openHouse()
    const wishes = { id: 'alice', name: 'Alice', email: 'alice@example.com', role: 'admin' } as const
    await addUser(store, wishes, { by: 'test', now: 0, hasToken: false })
    expect(await signIn('alice')).toMatchObject({ actor: { id: 'alice', role: 'admin' } })
    expect(await signIn('mallory')).toMatchObject({ kind: 'deny', status: 403 })
    await setUser(store, 'alice', { isDisabled: true })
    expect(await signIn('alice')).toMatchObject({ kind: 'deny', status: 403 })
  })

  it('takes only what was begun in this browser, once, and without changes on the way', async () => {
    const { start, finish, runtime } = await openHouse()
    const [begun, other] = [await start(), await start()]
    const url = await passSignIn(begun.location, 'bob', PUBLIC_URL)
    for (const [cookie, back] of [
      ['', url],
      [cookieOf(other), url],
      [cookieOf(begun), url.replace(/state=[^&]+/, 'state=forged')],
      [cookieOf(begun), url.replace(/code=[^&]+/, 'code=forged')],
      [cookieOf(begun), '/runguard/api/oidc/callback?error=access_denied'],
      ['runguard_oidc=a.b', url],
    ] as const) {
      expect(await finish(cookie, back)).toMatchObject({ kind: 'deny', status: 403 })
    }
    expect(await finish(cookieOf(begun), url)).toMatchObject({ kind: 'redirect' })
    expect(await finish(cookieOf(begun), url)).toMatchObject({ kind: 'deny' })
    const [, code = ''] = /code=([^&]+)/.exec(url) ?? []
    expect(JSON.stringify(runtime.lines)).not.toContain(code)
  })

  it('asks with PKCE, state and nonce, and comes back to the known address alone', async () => {
    const { start } = await openHouse()
    const { location, setCookies } = await start()
    const query = new URL(location).searchParams
    expect(query.get('code_challenge_method')).toBe('S256')
    expect([query.get('state'), query.get('nonce')].map((value) => value?.length)).toEqual([43, 43])
    expect(query.get('redirect_uri')).toBe(`${PUBLIC_URL}/runguard/api/oidc/callback`)
    expect(setCookies[0]).toMatch(/HttpOnly; SameSite=Lax$/)
  })

  it('is not begun without the library for it, which is said at the start', async () => {
    expect(await oidcProblem()).toBeNull()
    const missing = oidcProblem(() => Promise.reject(new Error('ERR_MODULE_NOT_FOUND')))
    expect(await missing).toContain('npm install openid-client')
  })

  it('says that it cannot be reached, and is tried again the next time', async () => {
    const { access, ask } = await openHouse({ issuer: 'http://127.0.0.1:9' })
    expect(await access.oidc?.start(ask({}))).toMatchObject({ kind: 'deny', status: 403 })
    expect(await access.permit('keys.list', ask({}))).toMatchObject({ kind: 'deny', status: 401 })
  })
})
