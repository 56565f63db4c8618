import { defaultAccess, type Headers, type Role, readToken, roles } from '@runguard/sdk/core'
import { memoryStore } from '@runguard/sdk/store'
import { manualRuntime } from '@runguard/sdk/testing'
import { describe, expect, it } from 'vitest'
import { type Access, type AccessRequest, CSRF_HEADER, type Denial, type Login } from './access.js'
import { type AccessParts, openAccess } from './access-door.js'
import { bindProblem, ensureAdminToken } from './bind-rule.js'
import { mayDo, type Operation, PERMISSIONS } from './permissions.js'
import { addUser, removeUser, setUser } from './user-changes.js'

const HOST = '127.0.0.1:4141'
const HOUR_MS = 3_600_000

/** Nobody writes down who comes and goes. */
const unheard = async (): Promise<void> => {}

function openDoor(parts: Partial<AccessParts> = {}) {
  const [store, runtime] = [memoryStore(), manualRuntime()]
  const access = openAccess({ store, runtime, policy: defaultAccess, isLoopback: true, ...parts })
  return { store, runtime, access }
}

function request(method: string, headers: Headers = {}, remoteAddress = '127.0.0.1'): AccessRequest {
  return { method, headers: { host: HOST, ...headers }, remoteAddress }
}

/** What a browser sends along after a sign-in. */
function signedIn({ setCookie, csrfToken }: Login): Headers {
  return { cookie: setCookie.split(';', 1)[0], [CSRF_HEADER]: csrfToken }
}

async function logIn(access: Access, token: string, headers: Headers = {}): Promise<Login> {
  const login = await access.login(request('POST', headers), token, unheard)
  expect(login.kind).toBe('login')
  return login as Login
}

async function statusOf(access: Access, operation: Operation, asked: ReturnType<typeof request>): Promise<number> {
  const answer = await access.permit(operation, asked)
  return answer.kind === 'grant' ? 200 : answer.status
}

async function withUser(role: Role, parts: Partial<AccessParts> = {}) {
  const door = openDoor({ ...parts, policy: { ...defaultAccess, requireLogin: true, ...parts.policy } })
  const wishes = { id: 'alice', name: 'Alice', email: null, role }
  const { token } = await addUser(door.store, wishes, { by: 'test', now: door.runtime.now(), hasToken: true })
  return { ...door, token: token ?? '' }
}

describe('the table of permissions', () => {
  it.each(['nobody', ...roles] as const)('lets %s do what it says, and nothing else', async (who) => {
    const { access, token } = await withUser(who === 'nobody' ? 'admin' : who)
    const headers = who === 'nobody' ? {} : { authorization: `Bearer ${token}` }
    for (const operation of Object.keys(PERMISSIONS) as Operation[]) {
      const refused = who === 'nobody' ? 401 : 403
      const expected = mayDo(operation, who === 'nobody' ? null : who) ? 200 : refused
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        expect([operation, method, await statusOf(access, operation, request(method, headers))]).toEqual([
          operation,
          method,
          expected,
        ])
      }
    }
  })

  it('gives no change to a viewer, and no key or person to an operator', () => {
    const changes = (Object.keys(PERMISSIONS) as Operation[]).filter((each) => PERMISSIONS[each] !== 'public')
    const allowed = (role: Role) => changes.filter((each) => mayDo(each, role))
    const words = /\.(write|put|remove|create|rotate|revoke|hold|resume|reset|test|resend|acknowledge)$/
    expect(allowed('viewer').filter((each) => words.test(each))).toEqual([])
    expect(
      allowed('operator').filter((each) => /^(keys|users|budgets|spend-limits)\./.test(each) && words.test(each)),
    ).toEqual([])
    expect(allowed('admin')).toEqual(changes)
  })
})

describe('a gateway that only its machine reaches', () => {
  it('lets whoever is there in as admin, who shows that the page is ours for every change', async () => {
    const { access } = openDoor()
    const session = await access.permit('session.read', request('GET'))
    expect(session).toMatchObject({ kind: 'grant', actor: { kind: 'local', role: 'admin' } })
    const csrf = session.kind === 'grant' ? (session.csrfToken ?? '') : ''
    expect(await statusOf(access, 'keys.create', request('POST', { [CSRF_HEADER]: csrf }))).toBe(200)
    expect(await statusOf(access, 'keys.create', request('POST'))).toBe(403)
    expect(await statusOf(access, 'keys.create', request('POST', { [CSRF_HEADER]: `${csrf}0` }))).toBe(403)
  })

  it('answers no foreign name, as which a page could have led a browser here', async () => {
    const { access } = openDoor()
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      'evil.example:4141',
      '',
      'a@127.0.0.1',
      '127.0.0.1.',
    ]) {
      expect([host, await statusOf(access, 'session.read', request('GET', { host }))]).toEqual([host, 421])
    }
    for (const host of ['localhost', 'LOCALHOST:4141', '[::1]:4141', '127.8.9.1']) {
      expect([host, await statusOf(access, 'keys.list', request('GET', { host }))]).toEqual([host, 200])
    }
    expect(await statusOf(access, 'session.read', request('GET', { host: undefined }))).toBe(421)
  })

  it('does not take a neighbour for itself, whatever their header says', async () => {
    const { access } = openDoor()
    expect(await statusOf(access, 'keys.list', request('GET', {}, '10.0.0.7'))).toBe(401)
    expect(await statusOf(access, 'keys.list', request('GET', { host: '10.0.0.1:4141' }))).toBe(401)
    expect(await statusOf(access, 'keys.list', request('GET', {}, '::ffff:127.0.0.1'))).toBe(200)
  })

  it('refuses what pages of other sites make a browser send', async () => {
    const { access } = openDoor()
    const session = await access.permit('session.read', request('GET'))
    const csrf = { [CSRF_HEADER]: session.kind === 'grant' ? (session.csrfToken ?? '') : '' }
    const foreign: Headers[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:9999' },
      { origin: 'https://127.0.0.1:4141.evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: `http://${HOST}` },
    ]
    for (const headers of foreign) {
      expect(await statusOf(access, 'keys.create', request('POST', { ...headers, ...csrf }))).toBe(403)
      // A form can send text/plain without asking first: signing in is refused as well.
      expect(
        await statusOf(access, 'session.login', request('POST', { ...headers, 'content-type': 'text/plain' })),
      ).toBe(403)
    }
    const ours = { origin: `http://${HOST}`, 'sec-fetch-site': 'same-origin', ...csrf }
    expect(await statusOf(access, 'keys.create', request('POST', ours))).toBe(200)
    expect(await statusOf(access, 'keys.list', request('GET', { 'sec-fetch-site': 'cross-site' }))).toBe(403)
    const click = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    expect(await statusOf(access, 'keys.list', request('GET', click))).toBe(200)
  })

  it('asks everybody to sign in from the moment somebody could', async () => {
    const { access, store } = openDoor()
    expect(await statusOf(access, 'keys.list', request('GET'))).toBe(200)
    await ensureAdminToken(store, { ...defaultAccess, requireLogin: true }, '127.0.0.1', (make) => make())
    expect(await statusOf(access, 'keys.list', request('GET'))).toBe(401)
  })
})

describe('signing in', () => {
  it('gives a session in a cookie that no script and no other site gets', async () => {
    const { access, token } = await withUser('operator')
    const login = await logIn(access, ` ${token}\n`)
    expect(login.setCookie).toMatch(
      /^runguard_session=[\w-]{43}; Path=\/runguard; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    )
    expect(login.setCookie).not.toContain(token)
    const answer = await access.permit('breakers.hold', request('POST', signedIn(login)))
    expect(answer).toMatchObject({ kind: 'grant', actor: { kind: 'user', id: 'alice', role: 'operator' } })
    const { cookie } = signedIn(login)
    expect(await statusOf(access, 'breakers.hold', request('POST', { cookie }))).toBe(403)
    const [other, another] = [await logIn(access, token), await logIn(access, token)]
    const mixed = { ...signedIn(other), [CSRF_HEADER]: another.csrfToken }
    expect(await statusOf(access, 'breakers.hold', request('POST', mixed))).toBe(403)
  })

  it('keeps the cookie to https where the browser speaks it', async () => {
    const { access, token } = await withUser('viewer')
    const https = { 'x-forwarded-proto': 'https' }
    const login = await logIn(access, token, https)
    expect(login.setCookie).toMatch(/^__Secure-runguard_session=.*; Secure$/)
    expect(await statusOf(access, 'keys.list', request('GET', { ...https, ...signedIn(login) }))).toBe(200)
    const planted = signedIn(await logIn(access, token)).cookie
    expect(await statusOf(access, 'keys.list', request('GET', { ...https, cookie: planted }))).toBe(401)
  })

  it('gives a new cookie each time, and the one from before is worth nothing', async () => {
    const { access, token } = await withUser('viewer')
    const planted = signedIn(await logIn(access, token))
    const login = await logIn(access, token, planted)
    expect(signedIn(login).cookie).not.toBe(planted.cookie)
    expect(await statusOf(access, 'keys.list', request('GET', planted))).toBe(401)
    const made = { cookie: `runguard_session=${'A'.repeat(43)}` }
    expect(signedIn(await logIn(access, token, made)).cookie).not.toBe(made.cookie)
    const twice = { cookie: `${signedIn(login).cookie}; runguard_session=x` }
    expect(await statusOf(access, 'keys.list', request('GET', twice))).toBe(401)
  })

  it('ends with a sign-out, and after twelve hours', async () => {
    const { access, token, runtime } = await withUser('viewer')
    const first = signedIn(await logIn(access, token))
    expect(await access.logout(request('POST', first), unheard)).toMatch(
      /^runguard_session=; Path=\/runguard; Max-Age=0;/,
    )
    expect(await statusOf(access, 'keys.list', request('GET', first))).toBe(401)
    const second = signedIn(await logIn(access, token))
    runtime.advance(12 * HOUR_MS - 1)
    expect(await statusOf(access, 'keys.list', request('GET', second))).toBe(200)
    runtime.advance(1)
    expect(await statusOf(access, 'keys.list', request('GET', second))).toBe(401)
  })

  it('does not outlive who signed in: role, lock, token and removal count at once', async () => {
    const { access, token, store, runtime } = await withUser('operator')
    const session = signedIn(await logIn(access, token))
    const held = () => statusOf(access, 'breakers.hold', request('POST', session))
    expect(await held()).toBe(200)
    await setUser(store, 'alice', { role: 'viewer' })
    expect(await held()).toBe(403)
    await setUser(store, 'alice', { role: 'operator', isDisabled: true })
    expect(await held()).toBe(401)
    expect((await access.login(request('POST'), token, unheard)).kind).toBe('deny')
    await setUser(store, 'alice', { isDisabled: false })
    expect(await held()).toBe(200)
    const renewed = await setUser(store, 'alice', {}, true)
    expect(await held()).toBe(401)
    const again = signedIn(await logIn(access, renewed.token ?? ''))
    await removeUser(store, 'alice')
    expect(await statusOf(access, 'keys.list', request('GET', again))).toBe(401)
    runtime.advance(1)
    const wishes = { id: 'alice', name: 'Another Alice', email: null, role: 'admin' } as const
    await addUser(store, wishes, { by: 'test', now: runtime.now(), hasToken: false })
    expect(await statusOf(access, 'keys.list', request('GET', again))).toBe(401)
  })

  it('takes an admin token, from the configuration or made, until another one replaces it', async () => {
    const adminToken = 'a configured token of enough length'.replaceAll(' ', '-')
    const configured = openDoor({ policy: { ...defaultAccess, adminToken } })
    expect((await logIn(configured.access, adminToken)).actor).toMatchObject({ kind: 'admin-token', role: 'admin' })
    expect(await statusOf(configured.access, 'keys.list', request('GET'))).toBe(401)
    const { access, store } = openDoor({ isLoopback: false })
    const token = (await ensureAdminToken(store, defaultAccess, '0.0.0.0', (make) => make())) ?? ''
    expect(readToken(token)).toMatchObject({ kind: 'admin' })
    expect(await ensureAdminToken(store, defaultAccess, '0.0.0.0', (make) => make())).toBeNull()
    expect(await store.adminToken()).not.toContain(token)
    const session = signedIn(await logIn(access, token))
    expect(await statusOf(access, 'users.list', request('GET', session))).toBe(200)
    expect(await statusOf(access, 'users.list', request('GET', { 'x-api-key': token }))).toBe(200)
    await store.changeAdminToken('another', await store.adminToken())
    expect(await statusOf(access, 'users.list', request('GET', session))).toBe(401)
    expect(await statusOf(access, 'users.list', request('GET', { 'x-api-key': token }))).toBe(401)
  })

  it('is not possible with anything else, and shows none of it', async () => {
    const { access, token } = await withUser('admin')
    const odd = [
      '',
      'x',
      `${token}a`,
      token.toUpperCase(),
      `${token.slice(0, -1)}a`,
      '\0',
      'ü'.repeat(600),
      `rgk${token.slice(3)}`,
    ]
    for (const wrong of odd) {
      const answer = (await access.login(request('POST', {}, `10.0.0.${odd.indexOf(wrong)}`), wrong, unheard)) as Denial
      expect(answer).toMatchObject({ kind: 'deny', status: 401 })
      if (wrong.length > 1) expect(JSON.stringify(answer)).not.toContain(wrong)
      const bearer = { authorization: `Bearer ${wrong}` }
      expect(await statusOf(access, 'keys.list', request('GET', bearer))).toBe(401)
    }
    const long = {
      authorization: `Bearer ${'x'.repeat(1_000_000)}`,
      cookie: `runguard_session=${'y'.repeat(1_000_000)}`,
    }
    expect(await statusOf(access, 'keys.list', request('GET', long))).toBe(401)
  })
})

describe('adding somebody', () => {
  it('takes no id that looks like another, and no name that hides something', async () => {
    const { store } = openDoor()
    const add = (wishes: object) =>
      addUser(store, { id: 'alice', name: 'Alice', email: null, role: 'viewer', ...wishes } as const, {
        by: 'test',
        now: 0,
        hasToken: false,
      })
    const odd = [
      { id: '\u0430lice' },
      { id: 'a b' },
      { id: '' },
      { id: 'a\u202eb' },
      { name: 'A\0' },
      { name: 'A\u202e' },
      { email: 'mi\u212ae@example.com' },
      { email: 'nobody' },
      { email: 'a@b@c' },
    ]
    for (const wishes of odd) await expect(add(wishes)).rejects.toMatchObject({ kind: 'invalid' })
    await add({ name: 'Älice 漢', email: 'Alice@Example.com' })
    await expect(setUser(store, 'alice', { name: 'A\nB' })).rejects.toMatchObject({ kind: 'invalid' })
    expect((await store.listUsers()).map(({ user }) => user.email)).toEqual(['alice@example.com'])
  })
})

describe('somebody who tries tokens', () => {
  const tries = (access: Access, count: number, address: (at: number) => string, token: string) =>
    Promise.all(
      Array.from({ length: count }, (_, at) => access.login(request('POST', {}, address(at)), token, unheard)),
    )
  const statuses = (answers: readonly (Login | Denial)[]) =>
    answers.map((each) => (each.kind === 'deny' ? each.status : 200))

  it('is slowed down, also at once and with the right one at last, and others are not', async () => {
    const { access, token } = await withUser('admin')
    const answers = await tries(access, 12, () => '10.0.0.7', 'wrong')
    expect(statuses(answers).filter((status) => status === 429)).toHaveLength(2)
    const late = (await access.login(request('POST', {}, '10.0.0.7'), token, unheard)) as Denial
    expect(late.status).toBe(429)
    expect(Number(late.headers['retry-after'])).toBeGreaterThan(0)
    expect(await statusOf(access, 'keys.list', request('GET', { authorization: `Bearer ${token}` }, '10.0.0.7'))).toBe(
      200,
    )
    expect((await access.login(request('POST', {}, '10.0.0.8'), token, unheard)).kind).toBe('login')
  })

  it('is slowed down with a network of addresses, and with many networks', async () => {
    const { access } = await withUser('admin')
    const neighbours = await tries(access, 12, (at) => `2001:db8::${at.toString(16)}`, 'wrong')
    expect(statuses(neighbours).filter((status) => status === 429)).toHaveLength(2)
    const many = await tries(access, 120, (at) => `10.0.1.${at}`, 'wrong')
    expect(statuses(many).filter((status) => status === 429).length).toBeGreaterThanOrEqual(20)
  })

  it('does not count who signs in rightly', async () => {
    const { access, token } = await withUser('admin')
    for (let at = 0; at < 15; at++) expect((await access.login(request('POST'), token, unheard)).kind).toBe('login')
  })
})

describe('where a gateway may listen', () => {
  const closed = { requireKeys: false, requireLogin: false }
  it.each([
    ['127.0.0.1', closed, false, true],
    ['::1', closed, false, true],
    ['0.0.0.0', closed, false, false],
    ['0.0.0.0', closed, true, false],
    ['0.0.0.0', { ...closed, requireKeys: true }, false, false],
    ['::', { ...closed, requireKeys: true }, true, true],
    ['192.168.1.5', { ...closed, requireLogin: true }, true, true],
  ] as const)('%s with %j and an admin token %s: %s', (host, policy, hasToken, isAllowed) => {
    expect(bindProblem(host, policy, hasToken) === null).toBe(isAllowed)
  })
})
