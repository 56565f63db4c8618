import { defaultAlertPolicy, draftTest, openAlert } from '@runguard/sdk/core'
import { systemRuntime } from '@runguard/sdk/engine'
import { finishAudits, memoryStore } from '@runguard/sdk/store'
import { expect, it, onTestFinished } from 'vitest'
import { addUser, createKey, type Operation, PERMISSIONS } from '../src/access/index.js'
import { openAlerting } from '../src/alerting/alerting.js'
import { allRoutes } from '../src/control/control.js'
import type { ControlParts, ControlStore } from '../src/control/control-parts.js'
import { type ControlHouse, startControlHouse } from './control-house.js'
import { passSignIn, policyFor, startSignIn } from './oidc-house.js'
import { startReceiver } from './receivers.js'

const ADMIN_TOKEN = 'an-admin-token-of-this-test-only-0123456789'
const PUBLIC_URL = 'http://localhost:4141'
const EVER = Number.MAX_SAFE_INTEGER

/** What changes something that somebody may ask about later. */
const CHANGES = new Set<PropertyKey>(
  (
    'changeKey changeUser removeUser changeAdminToken addLogin removeLogin putBudget removeBudget changeBreaker putMark ' +
    'writeAlert addDelivery'
  ).split(' '),
)

/** A store that goes away with the next change: so it looks to a gateway that dies in the middle. */
function dying(store: ControlStore) {
  let state: 'well' | 'armed' | 'gone' = 'well'
  const notedBefore: string[] = []
  const get = (target: ControlStore, name: PropertyKey): unknown => {
    const method = Reflect.get(target, name) as unknown
    if (typeof method !== 'function') return method
    return async (...values: readonly unknown[]): Promise<unknown> => {
      if (state === 'gone') throw new Error('the store is gone')
      if (state === 'armed' && CHANGES.has(name)) {
        state = 'gone'
        for (const { draft } of await target.begunAudits(EVER, 10)) notedBefore.push(draft.action)
      }
      return method.apply(target, values) as unknown
    }
  }
  const arm = (): void => {
    state = 'armed'
  }
  return { store: new Proxy(store, { get }), arm, notedBefore, hasChanged: () => state === 'gone' }
}

/** One change: what has to be there before, and how it is asked for. */
type Change = (house: ControlHouse) => Promise<() => Promise<Response>>

const asAdmin = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }

/** Asked for by an administrator. @param path below `/runguard/api`, or a whole one */
function change(method: string, path: string, body: object = {}, before: Change = nothing): Change {
  return async (house) => {
    await (await before(house))()
    const whole = path.startsWith('/') ? path : `/runguard/api/${path}`
    return () => fetch(house.url + whole, { method, headers: asAdmin, body: JSON.stringify(body) })
  }
}

async function nothing(): Promise<() => Promise<Response>> {
  return async () => new Response()
}

const LIMIT = { amount: '100', scope: { type: 'user', user_id: 'ann' } }
const SPEND_LIMITS = '/v1/organizations/spend_limits'
const putBudget = change('PUT', 'budgets/everything%2Fday', { scope: 'everything', window: 'day', limitNano: 1 })
const testAlert = change('POST', 'alerts/channels/hook/test')

/** With the key that is there. */
function keyChange(method: string, rest: string): Change {
  return async ({ store, url }) => {
    const wishes = { name: 'ci', team: null, user: null, project: null, expiresAt: null }
    const { after } = await createKey(store, wishes, 'test', Date.now())
    return () => fetch(`${url}/runguard/api/keys/${after.id}${rest}`, { method, headers: asAdmin, body: '{}' })
  }
}

const addBob: Change = async ({ store }) => {
  const wishes = { id: 'bob', name: 'Bob', email: null, role: 'viewer' } as const
  await addUser(store, wishes, { by: 'test', now: Date.now(), hasToken: false })
  return nothing()
}

const logIn: Change = async ({ url }) => {
  const body = JSON.stringify({ token: ADMIN_TOKEN })
  const headers = { 'content-type': 'application/json' }
  return () => fetch(`${url}/runguard/api/login`, { method: 'POST', headers, body })
}

const logOut: Change = async (house) => {
  const answer = await (await logIn(house))()
  const { csrfToken } = (await answer.json()) as { csrfToken: string }
  const headers = { cookie: cookiesOf(answer), 'x-runguard-csrf': csrfToken, 'content-type': 'application/json' }
  return () => fetch(`${house.url}/runguard/api/logout`, { method: 'POST', headers })
}

const comeBack: Change = async ({ url }) => {
  const begun = await fetch(`${url}/runguard/api/oidc/start`, { redirect: 'manual' })
  const back = await passSignIn(begun.headers.get('location') ?? '', 'ann', PUBLIC_URL)
  return () => fetch(back.replace(PUBLIC_URL, url), { headers: { cookie: cookiesOf(begun) }, redirect: 'manual' })
}

function cookiesOf(answer: Response): string {
  const cookies = answer.headers.getSetCookie().map((each) => each.split(';', 1)[0])
  return cookies.join('; ')
}

const acknowledge: Change = async (house) => {
  const draft = { ...draftTest('seen', 'hook', Date.now()), resolvesAt: EVER }
  const alert = openAlert(draft, { id: 'al_1', links: [], auditHead: null })
  await house.store.writeAlert(alert, [])
  return change('POST', 'alerts/al_1/acknowledge')(house)
}

const resend: Change = async (house) => {
  await (await testAlert(house))()
  const [delivery] = await house.store.listDeliveries({ limit: 1 })
  return change('POST', `alerts/deliveries/${delivery?.id}/resend`)(house)
}

const removeLimit: Change = async (house) => {
  const set = await (await change('POST', SPEND_LIMITS, LIMIT)(house))()
  const { id } = (await set.json()) as { id: string }
  return change('DELETE', `${SPEND_LIMITS}/${id}`)(house)
}

/** Every change that there is, with what is noted of it. */
const changes: { readonly [Name in Operation]?: Change } = {
  'session.login': logIn,
  'session.logout': logOut,
  'oidc.callback': comeBack,
  'sessions.resume': change('POST', 'sessions/s-1/resume'),
  'sessions.hold': change('POST', 'sessions/s-1/hold'),
  'breakers.hold': change('POST', 'breakers/model:m/hold'),
  'breakers.reset': change('POST', 'breakers/model:m/reset', {}, change('POST', 'breakers/model:m/hold')),
  'budgets.write': putBudget,
  'budgets.remove': change('DELETE', 'budgets/everything%2Fday', {}, putBudget),
  'spend-limits.write': change('POST', SPEND_LIMITS, LIMIT),
  'spend-limits.remove': removeLimit,
  'alerts.acknowledge': acknowledge,
  'alerts.test': testAlert,
  'alerts.resend': resend,
  'keys.create': change('POST', 'keys', { name: 'ci' }),
  'keys.rotate': keyChange('POST', '/rotate'),
  'keys.revoke': keyChange('DELETE', ''),
  'users.write': change('PUT', 'users/bob', { name: 'Bob', role: 'admin' }),
  'users.remove': change('DELETE', 'users/bob', {}, addBob),
}

/** Whatever is asked of it, it is there: routes are only listed. */
const anything: object = new Proxy(() => {}, { get: () => anything })

it('every change of the control plane is among those that are looked at here', () => {
  const audited = allRoutes(anything as ControlParts).filter(({ spec }) => spec.isAudited === true)
  const changing = audited.filter(({ spec }) => spec.method !== 'get' || PERMISSIONS[spec.id] === 'public')
  expect(Object.keys(changes).sort()).toEqual(changing.map(({ spec }) => spec.id).sort())
})

async function openHouse(store: ControlStore, id: string): Promise<ControlHouse> {
  const receiver = await startReceiver()
  const channels = [{ name: 'hook', kind: 'webhook', url: receiver.url, secret: 'a-secret-of-the-receiver' }] as const
  const alerting = openAlerting({ store, runtime: systemRuntime(), policy: { ...defaultAlertPolicy, channels } })
  onTestFinished(() => alerting.close().catch(() => {}))
  const oidc = id === 'oidc.callback' ? policyFor(await startSignIn(PUBLIC_URL, people, false)) : null
  const signIn = { publicUrl: oidc === null ? null : PUBLIC_URL, oidc }
  return startControlHouse({ store, alerting, adminToken: ADMIN_TOKEN, signIn })
}

const people = { ann: { email: 'ann@example.com', email_verified: true, name: 'Ann' } }

it.each(Object.entries(changes))(
  '%s is noted before it is done: a gateway that dies in the middle leaves no change that nobody knows of',
  async (id, prepare) => {
    const kept = memoryStore()
    const { store, arm, notedBefore, hasChanged } = dying(kept)
    const ask = await prepare(await openHouse(store, id))
    const before = (await kept.listAudit({ limit: 50 })).length
    arm()
    expect((await ask()).status).toBe(500)
    expect(hasChanged()).toBe(true)
    const action = id === 'oidc.callback' ? 'session.login' : id
    expect(notedBefore).toEqual([action])
    await finishAudits(kept, Date.now() + 3_600_000)
    const entries = await kept.listAudit({ limit: 50 })
    expect(entries.length).toBe(before + 1)
    const actor = id === 'oidc.callback' ? { kind: 'user', id: 'ann@example.com' } : { kind: 'admin-token' }
    expect(entries[0]).toMatchObject({ action, actor, after: { outcome: 'unknown' } })
  },
)
