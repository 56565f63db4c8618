import type { OidcPolicy } from '@runguard/sdk/core'
import type { AuditStore } from '@runguard/sdk/store'
import { memoryStore } from '@runguard/sdk/store'
import { describe, expect, it } from 'vitest'
import { PERMISSIONS } from '../src/access/index.js'
import { allRoutes } from '../src/control/control.js'
import type { ControlParts } from '../src/control/control-parts.js'
import { startControlHouse } from './control-house.js'
import { passSignIn, policyFor, startSignIn } from './oidc-house.js'

/** Whatever is asked of it, it is there: routes are only listed. */
const anything: object = new Proxy(() => {}, { get: () => anything })

describe('the audit log of a gateway', () => {
  it('is told of whatever needs more than the role of a viewer, and of every change of a viewer', () => {
    const routes = allRoutes(anything as ControlParts).map(({ spec }) => spec)
    expect(routes.length).toBeGreaterThan(40)
    const silent = routes.filter(({ id, isAudited }) => {
      const needed = PERMISSIONS[id]
      return isAudited !== true && (needed === 'operator' || needed === 'admin')
    })
    // As many as calls, and kept with them.
    expect(silent.map(({ id }) => id)).toEqual(['feedback.give'])
    const changes = routes.filter(({ method, isAudited }) => method !== 'get' && isAudited !== true)
    // The first is a question that is long.
    expect(changes.map(({ id }) => id)).toEqual(['budgets.what-if', 'feedback.give'])
  })

  it('has the entry of a change whose gateway died before it could write one', async () => {
    const store = memoryStore()
    const house = await startControlHouse({ store: dyingAt(store, 'endAudit') })
    expect((await house.ask('keys', { method: 'POST', json: { name: 'ci' } })).status).toBe(500)
    expect((await store.listKeys({ limit: 10 })).length).toBe(1)
    expect(await store.listAudit({ limit: 10 })).toEqual([])
    const later = { ...house.runtime, now: () => Date.now() + 11 * 60_000 }
    await startControlHouse({ store, runtime: later })
    await expect
      .poll(() => store.listAudit({ limit: 10 }))
      .toMatchObject([{ action: 'keys.create', actor: { kind: 'local' }, after: { outcome: 'unknown' }, sequence: 1 }])
    expect(await store.begunAudits(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
  })

  it('keeps a change from being done that it cannot be told of', async () => {
    const store = memoryStore()
    const house = await startControlHouse({ store: dyingAt(store, 'beginAudit') })
    expect((await house.ask('keys', { method: 'POST', json: { name: 'ci' } })).status).toBe(500)
    expect(await store.listKeys({ limit: 10 })).toEqual([])
  })

  it('says nothing of what was refused, and one thing of what was done', async () => {
    const house = await startControlHouse()
    expect((await house.ask('keys/rgk_nobody', { method: 'DELETE' })).status).toBe(404)
    expect(await house.store.listAudit({ limit: 10 })).toEqual([])
    expect(await house.store.begunAudits(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
    await house.ask('keys', { method: 'POST', json: { name: 'ci' } })
    expect(await house.store.listAudit({ limit: 10 })).toMatchObject([{ action: 'keys.create', after: { name: 'ci' } }])
    expect(await house.store.begunAudits(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
  })
})

describe('a sign-out', () => {
  it('is in the log once if it ends a session, and else never: anybody may ask for it', async () => {
    const house = await startControlHouse({ adminToken: 'an-admin-token-of-this-test-only-0123456789' })
    const post = (path: string, headers: Record<string, string>, body = '{}'): Promise<Response> =>
      fetch(`${house.url}/runguard/api/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })
    const actions = async (): Promise<string[]> =>
      (await house.store.listAudit({ limit: 9 })).map((each) => each.action)
    await post('logout', {})
    await post('logout', { cookie: 'runguard_session=made-up' })
    expect(await actions()).toEqual([])
    const login = await post('login', {}, '{"token":"an-admin-token-of-this-test-only-0123456789"}')
    const cookie = login.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
    const { csrfToken } = (await login.json()) as { csrfToken: string }
    for (let count = 0; count < 2; count++) await post('logout', { cookie, 'x-runguard-csrf': csrfToken })
    expect(await actions()).toEqual(['session.logout', 'session.login'])
    const whose = { subject: 'admin-token', actor: { kind: 'admin-token' } }
    expect(await house.store.listAudit({ limit: 9 })).toMatchObject([whose, whose])
    expect(await house.store.begunAudits(Number.MAX_SAFE_INTEGER, 9)).toEqual([])
  })
})

describe('the log of who signed in by their organisation', () => {
  const publicUrl = 'http://localhost:4141'
  const ann = { email: 'ann@example.com', email_verified: true, name: 'Änn' }

  it('has each of them, with what they are since', async () => {
    const people = { ann: { ...ann, groups: ['eng'] } }
    const oidc: OidcPolicy = {
      ...policyFor(await startSignIn(publicUrl, people, false)),
      roles: { claim: 'groups', values: new Map([['leads', 'admin']]) },
    }
    const { store, url } = await startControlHouse({ signIn: { publicUrl, oidc } })
    const signIn = async (): Promise<void> => {
      const begun = await fetch(`${url}/runguard/api/oidc/start`, { redirect: 'manual' })
      const back = await passSignIn(begun.headers.get('location') ?? '', 'ann', publicUrl)
      const cookie = begun.headers.getSetCookie().map((each) => each.split(';', 1)[0])
      const headers = { cookie: cookie.join('; ') }
      expect((await fetch(back.replace(publicUrl, url), { headers, redirect: 'manual' })).status).toBe(302)
    }
    await signIn()
    people.ann.groups = ['leads']
    await signIn()
    const by = { actor: { kind: 'user', id: 'ann@example.com', name: 'Änn' }, subject: 'ann@example.com' }
    expect(await store.listAudit({ limit: 10 })).toMatchObject([
      { action: 'session.login', ...by, before: { role: 'viewer' }, after: { role: 'admin' }, address: '127.0.0.1' },
      { action: 'session.login', ...by, before: null, after: { role: 'viewer' } },
    ])
  })
})

describe('a page that shows the log', () => {
  it('is in it once, however often it reads', async () => {
    const house = await startControlHouse()
    for (let reads = 0; reads < 5; reads++) expect((await house.ask('audit')).status).toBe(200)
    await house.ask('users')
    const actions = (await house.store.listAudit({ limit: 10 })).map(({ action }) => action)
    expect(actions).toEqual(['users.list', 'audit.list'])
  })
})

/** As it looks to a gateway whose store goes away just then. */
function dyingAt<Store extends AuditStore>(store: Store, step: 'beginAudit' | 'endAudit'): Store {
  const gone = async (): Promise<never> => {
    throw new Error('the store is gone')
  }
  return { ...store, [step]: gone }
}
