import { type Role, roles } from '@runguard/sdk/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { addUser, mayDo, type Operation, PERMISSIONS } from '../src/access/index.js'
import { type ControlHouse, startControlHouse } from './control-house.js'

/** One thing that can be done, as the API says of itself, under one of the paths by which it is reached. */
interface Route {
  readonly id: Operation
  readonly method: string
  readonly path: string
  readonly url: string
}

const ADMIN_TOKEN = 'an-admin-token-of-this-test-only-0123456789'
let house: ControlHouse
let routes: readonly Route[] = []

beforeEach(async () => {
  house = await startControlHouse({ requireLogin: true, adminToken: ADMIN_TOKEN })
  routes = await readRoutes(house.url)
})

async function readRoutes(url: string): Promise<readonly Route[]> {
  const answer = await fetch(`${url}/runguard/api/openapi.json`)
  const { paths } = (await answer.json()) as { paths: Record<string, Record<string, { operationId: string }>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { operationId }]) =>
      formsOf(path.replace(/\{\w+\}/g, 'nobody')).map((form) => ({
        id: operationId as Operation,
        method: method.toUpperCase(),
        path: form,
        url: url + form,
      })),
    ),
  )
}

/** A path in each way in which a client writes it whose base URL has a project in it, or ends otherwise than usual. */
function formsOf(path: string): readonly string[] {
  const bare = path.startsWith('/v1/') ? [path, path.slice('/v1'.length)] : [path]
  return bare.flatMap((form) => [form, `/p/web${form}`])
}

/** Whoever shows no token of ours there means the Admin API itself: the request is sent on, and nothing is done here. */
function isOfTheApi(id: Operation): boolean {
  return id.startsWith('spend-limits.')
}

/** The status alone: what never ends is left. */
async function statusOf({ method, url }: Route, headers: Record<string, string>): Promise<number> {
  const body = method === 'GET' ? {} : { body: '{}' }
  const controller = new AbortController()
  const signal = controller.signal
  const init = {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    redirect: 'manual',
    signal,
  } as const
  const { status } = await fetch(url, { ...init, ...body })
  controller.abort()
  return status
}

async function tokenOf(role: Role): Promise<string> {
  const wishes = { id: role, name: role, email: null, role }
  const { token } = await addUser(house.store, wishes, { by: 'test', now: Date.now(), hasToken: true })
  return token ?? ''
}

describe('the control plane', () => {
  it('has a route for every row of the table, and a row for every route', () => {
    const ids = routes.map(({ id }) => id)
    const rows = Object.keys(PERMISSIONS)
    expect(rows.filter((id) => !ids.includes(id as Operation))).toEqual([])
    expect(ids.filter((id) => !rows.includes(id))).toEqual([])
  })

  it.each(['nobody', ...roles] as const)('lets %s do what the table says, at every route', async (who) => {
    const role = who === 'nobody' ? null : who
    const headers: Record<string, string> = role === null ? {} : { authorization: `Bearer ${await tokenOf(role)}` }
    const refused = role === null ? 401 : 403
    const seen: unknown[] = []
    const wanted: unknown[] = []
    for (const route of routes.filter(({ id }) => role !== null || !isOfTheApi(id))) {
      const status = await statusOf(route, headers)
      const isAllowed = status !== 401 && status !== 403
      seen.push([route.method, route.path, route.id, isAllowed ? 'allowed' : status])
      wanted.push([route.method, route.path, route.id, mayDo(route.id, role) ? 'allowed' : refused])
    }
    expect(seen).toEqual(wanted)
    expect(seen.length).toBeGreaterThan(80)
  })

  it('keeps its hands off the Admin API for whoever shows no token of it', async () => {
    for (const route of routes.filter(({ id }) => isOfTheApi(id))) {
      const before = house.asked.length
      expect(await statusOf(route, { 'x-api-key': 'sk-ant-admin-test' })).toBe(200)
      expect(house.asked.slice(before)).toEqual([expect.stringMatching(/^[A-Z]+ \/v1\/organizations\/spend_limits/)])
    }
  })

  it('does nothing for a page of another site, whoever is signed in, at every route that changes something', async () => {
    const login = await fetch(`${house.url}/runguard/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: ADMIN_TOKEN }),
    })
    expect(login.status).toBe(200)
    const { csrfToken } = (await login.json()) as { csrfToken: string }
    const cookie = login.headers
      .getSetCookie()
      .map((each) => each.split(';', 1)[0])
      .join('; ')
    const changes = routes.filter(
      ({ method, id }) => method !== 'GET' && PERMISSIONS[id] !== 'public' && !isOfTheApi(id),
    )
    expect(changes.length).toBeGreaterThan(10)
    for (const route of changes) {
      const forged = await statusOf(route, { cookie, 'content-type': 'text/plain' })
      const foreign = await statusOf(route, { cookie, origin: 'http://evil.example', 'x-runguard-csrf': csrfToken })
      const ours = await statusOf(route, { cookie, origin: house.url, 'x-runguard-csrf': csrfToken })
      expect([route.path, forged, foreign, ours === 403 || ours === 401]).toEqual([route.path, 403, 403, false])
    }
  })

  it('answers a browser that was led here by a foreign name at no route', async () => {
    const token = await tokenOf('admin')
    for (const route of routes) {
      const { hostname, port } = new URL(route.url)
      expect([route.path, await statusAs('evil.example', hostname, Number(port), { ...route, token })]).toEqual([
        route.path,
        421,
      ])
    }
  })
})

/** As a browser sends it that takes this machine for another; `fetch` does not let anybody say so. */
async function statusAs(
  host: string,
  hostname: string,
  port: number,
  { method, url, token }: Route & { token: string },
): Promise<number> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const path = new URL(url).pathname
    const asked = request({ hostname, port, path, method, headers: { host, authorization: `Bearer ${token}` } })
    asked.on('response', (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    asked.on('error', reject)
    asked.end()
  })
}
