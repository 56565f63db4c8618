import { connect } from 'node:net'
import { type Budget, defaultThresholds, nanoUsd } from '@runguard/sdk/core'
import { systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { describe, expect, it } from 'vitest'
import { createKey, openGatewayKeys } from '../src/access/index.js'
import { answerBody, httpUpstream, messagesBody, post, startHouse } from './harness.js'

const UPSTREAM_KEY = 'sk-ant-test-of-the-gateway'

interface Wishes {
  readonly upstreamKey?: string | null
  readonly requireKeys?: boolean
  readonly user?: string | null
  readonly budgets?: (key: string) => readonly Budget[]
}

async function openHouse({ upstreamKey = UPSTREAM_KEY, requireKeys = false, user = 'alice', budgets }: Wishes = {}) {
  const seen: { url: string; headers: string[] }[] = []
  const upstream = await httpUpstream((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.rawHeaders })
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json', 'request-id': 'req_1' })
      response.end(answerBody)
    })
  })
  const store = memoryStore()
  const wishes = { name: 'ci', team: 'research', user, project: null, expiresAt: null }
  const key = await createKey(store, wishes, 'test', 0)
  const keys = openGatewayKeys({ store, runtime: systemRuntime(), requireKeys })
  const house = await startHouse(upstream, {
    store,
    callers: { keys, upstreamKey },
    ...(budgets === undefined ? {} : { budgets: budgets(key.after.id) }),
  })
  return { house, url: house.gateway.url, store, seen, id: key.after.id, secret: key.secret }
}

function limit(kind: 'key' | 'team', name: string): Budget {
  return {
    id: `${kind}:${name}/day`,
    name: null,
    scope: { kind, name },
    limit: nanoUsd(1_000),
    window: 'day',
    timeZone: 'UTC',
    mode: 'enforce',
    thresholds: defaultThresholds,
    isPaused: false,
    overrides: [],
  }
}

const headersOf = (flat: readonly string[] = []) =>
  flat.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), flat[at + 1] ?? '']] : []))

describe('a call with a gateway key', () => {
  it('goes to the API with the key of the gateway, and nothing of its own', async () => {
    const { url, seen, secret } = await openHouse()
    for (const headers of [{ 'x-api-key': secret }, { authorization: `Bearer ${secret}` }] as Record<
      string,
      string
    >[]) {
      const own: Record<string, string> = {
        'x-api-key': '',
        ...headers,
        'x-mine': `uses ${secret}`,
        'anthropic-beta': 'b',
      }
      expect((await post(url, messagesBody, own)).status).toBe(200)
    }
    expect((await fetch(`${url}/v1/models`, { headers: { 'x-api-key': secret } })).status).toBe(200)
    expect(seen).toHaveLength(3)
    for (const { headers } of seen) {
      expect(headersOf(headers).filter(([name]) => name === 'x-api-key')).toEqual([['x-api-key', UPSTREAM_KEY]])
      expect(headersOf(headers).some(([name]) => name === 'authorization')).toBe(false)
      expect(JSON.stringify(headers)).not.toContain(secret.slice(14))
    }
    expect(headersOf(seen[0]?.headers)).toContainEqual(['anthropic-beta', 'b'])
  })

  it('is on the account of the key, whatever it says of itself', async () => {
    const { url, secret, id, house } = await openHouse()
    const forged = {
      'x-api-key': secret,
      'x-runguard-team': 'other',
      'x-runguard-key': secret,
      'x-runguard-user': 'bob',
      'x-runguard-project': 'other',
      'helicone-user-id': 'bob',
      'x-runguard-session': 's1',
      'x-runguard-tag': 'nightly',
    }
    const body = messagesBody.replace('{', '{"metadata":{"user_id":"bob"},')
    await post(url, body, forged, '/p/other/v1/messages')
    const [record] = await house.records(1)
    expect(record?.scope).toMatchObject({ key: id, team: 'research', user: 'alice', project: null })
    expect(record?.scope).toMatchObject({ session: 's1', tags: ['nightly'] })
    expect(JSON.stringify(record)).not.toContain(secret.slice(14))
    expect(house.complaints.join()).not.toContain(secret.slice(14))
  })

  it('names no user where its key names none', async () => {
    const { url, secret, house } = await openHouse({ user: null })
    await post(url, messagesBody, { 'x-api-key': secret, 'x-runguard-user': 'bob' })
    expect((await house.records(1))[0]?.scope).toMatchObject({ team: 'research', user: null })
  })

  it.each(['key', 'team'] as const)('meets the budget of its %s', async (kind) => {
    const { url, secret, seen } = await openHouse({
      budgets: (id) => [limit(kind, kind === 'key' ? id : 'research')],
    })
    const refused = await post(url, messagesBody, { 'x-api-key': secret })
    expect(refused.status).toBe(402)
    expect(await refused.json()).toMatchObject({ error: { details: { error_code: 'runguard_budget_exceeded' } } })
    expect(seen).toEqual([])
    const other = await post(url, messagesBody, { 'x-runguard-team': 'research' })
    expect(other.status).toBe(200)
  })

  it('is no way to spend what cannot be counted, nor into the organisation, with the key of the gateway', async () => {
    const { url, seen, secret } = await openHouse()
    const closed = [
      '/v1/chat/completions',
      '/v1/complete',
      '/v1/organizations/users',
      '/v1/sessions',
      '/v1/filesystem',
      '/V1/Chat/Completions',
    ]
    for (const path of closed) {
      const answer = await post(url, messagesBody, { 'x-api-key': secret }, path)
      expect([path, answer.status]).toEqual([path, 401])
    }
    expect(seen).toEqual([])
    for (const path of ['/v1/files', '/v1/files/file_1/content', '/v1/skills?limit=1', '/v1/models']) {
      expect([path, (await fetch(url + path, { headers: { 'x-api-key': secret } })).status]).toEqual([path, 200])
    }
    const own = await openHouse({ upstreamKey: null })
    const beside = { 'x-api-key': 'sk-ant-test-mine', 'x-runguard-key': own.secret }
    expect((await post(own.url, messagesBody, beside, '/v1/chat/completions')).status).toBe(200)
  })

  it('brings a credential of its own where the gateway has none', async () => {
    const { url, secret, seen, id, house } = await openHouse({ upstreamKey: null })
    const own = { authorization: 'Bearer sk-ant-oat-mine', 'x-api-key': '', 'x-runguard-key': secret }
    expect((await post(url, messagesBody, own)).status).toBe(200)
    expect(headersOf(seen[0]?.headers)).toContainEqual(['authorization', 'Bearer sk-ant-oat-mine'])
    expect(JSON.stringify(seen)).not.toContain(secret.slice(14))
    expect((await house.records(1))[0]?.scope.key).toBe(id)
    const bare = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      body: messagesBody,
      headers: { 'x-api-key': secret },
    })
    expect(bare.status).toBe(401)
    expect(seen).toHaveLength(1)
  })
})

describe('a call that comes while the gateway shuts down', () => {
  it('is on the account of its key as well, and none without a key is written down', async () => {
    const { url, secret, house, id } = await openHouse({ requireKeys: true })
    const { hostname, port } = new URL(url)
    const half = await Promise.all(
      [secret, 'sk-ant-test'].map(async (key) => {
        const socket = connect(Number(port), hostname)
        const ended = new Promise((resolve) => socket.on('close', resolve))
        const head = ['POST /v1/messages HTTP/1.1', 'host: x', `x-api-key: ${key}`, 'x-runguard-user: bob']
        await new Promise<void>((resolve) => socket.write(`${head.join('\r\n')}\r\n`, () => resolve()))
        return { socket: socket.resume(), ended }
      }),
    )
    await fetch(`${url}/runguard/health`)
    const closed = house.gateway.close(10_000)
    for (const { socket } of half) socket.write(`content-length: ${messagesBody.length}\r\n\r\n${messagesBody}`)
    await Promise.all([closed, ...half.map(({ ended }) => ended)])
    const records = await house.records(1)
    expect(records.map(({ scope }) => [scope.key, scope.user])).toEqual([[id, 'alice']])
  })
})

describe('a call without a right key', () => {
  it('is answered as the API answers, sent nowhere and kept nowhere', async () => {
    const { url, seen, store, secret } = await openHouse()
    for (const key of [`rgk_${'a'.repeat(50)}`, `${secret.slice(0, -2)}zz`, 'rgk_x']) {
      const refused = await post(url, messagesBody, { 'x-api-key': key })
      const text = await refused.text()
      expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([401, 'false'])
      expect(JSON.parse(text)).toMatchObject({
        type: 'error',
        error: { type: 'authentication_error', details: { error_code: 'runguard_key_refused' } },
      })
      expect(text).not.toContain(key)
    }
    expect([seen, await store.listRecords(10)]).toEqual([[], []])
  })

  it('is refused where keys are required, and passes as it came where they are not', async () => {
    const strict = await openHouse({ requireKeys: true })
    const refused = await post(strict.url, messagesBody)
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ error: { details: { error_code: 'runguard_key_required' } } })
    expect(strict.seen).toEqual([])
    const open = await openHouse()
    expect((await post(open.url, messagesBody)).status).toBe(200)
    expect(headersOf(open.seen[0]?.headers)).toContainEqual(['x-api-key', 'sk-ant-test'])
  })
})
