import { request } from 'node:http'
import { systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { beforeEach, describe, expect, it } from 'vitest'
import { createKey, makeToken, openGatewayKeys } from '../src/access/index.js'
import { startControlHouse } from './control-house.js'
import { answerBody, httpUpstream, messagesBody, startHouse } from './harness.js'

const ADMIN_TOKEN = 'A free form: of an admin token, 0123456789'.replaceAll(' ', '-')
const UPSTREAM_KEY = 'sk-ant-test-of-the-gateway'
const OWN = 'sk-ant-test-of-the-caller'

interface Seen {
  readonly url: string
  readonly rawHeaders: readonly string[]
}

let seen: Seen[] = []
let secret = ''
let other = ''
let id = ''

async function open(upstreamKey: string | null) {
  seen = []
  const upstream = await httpUpstream((asked, response) => {
    seen.push({ url: asked.url ?? '', rawHeaders: asked.rawHeaders })
    asked.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json', 'request-id': 'req_1' })
      response.end(answerBody)
    })
  })
  const store = memoryStore()
  const wishes = { name: 'ci', team: 'research', user: null, project: null, expiresAt: null }
  const key = await createKey(store, wishes, 'test', 0)
  secret = key.secret
  id = key.after.id
  other = (await createKey(store, wishes, 'test', 0)).secret
  const keys = openGatewayKeys({ store, runtime: systemRuntime(), requireKeys: false, adminToken: ADMIN_TOKEN })
  const house = await startHouse(upstream, { store, callers: { keys, upstreamKey } })
  return { url: house.gateway.url, house }
}

/** With headers as they are written, also the same one twice, which `fetch` does not send. */
function send(url: string, path: string, headers: readonly string[], method = 'POST'): Promise<number> {
  const { hostname, port, host } = new URL(url)
  return new Promise((resolve, reject) => {
    const all = ['host', host, 'content-type', 'application/json', ...headers]
    if (method === 'POST') all.push('content-length', String(Buffer.byteLength(messagesBody)))
    const asked = request({ hostname, port, path, method, headers: all as never })
    asked.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)))
    asked.on('error', reject)
    asked.end(method === 'POST' ? messagesBody : undefined)
  })
}

/** Ways in which a token of ours could get to the API beside a credential of the caller's own. */
const ways: readonly (readonly [string, (token: string) => readonly string[]])[] = [
  ['in a second x-api-key', (token) => ['x-api-key', OWN, 'x-api-key', token]],
  ['in a second authorization', (token) => ['authorization', `Bearer ${OWN}`, 'authorization', `Bearer ${token}`]],
  ['behind a tab', (token) => ['authorization', `Bearer\t${token}`]],
  ['as a password', (token) => ['authorization', `Basic ${Buffer.from(`me:${token}`).toString('base64')}`]],
  ['under another scheme', (token) => ['authorization', `Token ${token}`]],
  ['in a header of a tool', (token) => ['x-api-key', OWN, 'x-litellm-api-key', token]],
  ['in a cookie', (token) => ['x-api-key', OWN, 'cookie', `a=b; token=${encodeURIComponent(token)}`]],
  ['as the name of a session', (token) => ['x-api-key', OWN, 'x-runguard-session', token]],
  ['as the name of a client', (token) => ['x-api-key', OWN, 'user-agent', `tool (${token})`]],
]

describe.each([null, UPSTREAM_KEY])('a token of RunGuard, with the upstream key %s', (upstreamKey) => {
  let url = ''
  let house: Awaited<ReturnType<typeof open>>['house']
  beforeEach(async () => {
    ;({ url, house } = await open(upstreamKey))
  })

  it.each(ways)('never gets to the API %s', async (_, headers) => {
    const tokens = [secret, makeToken('admin').text, makeToken('user').text, ADMIN_TOKEN, secret.toUpperCase()]
    for (const token of tokens) {
      for (const [path, method] of [
        ['/v1/messages', 'POST'],
        ['/v1/organizations/spend_limits', 'GET'],
        ['/v1/files', 'GET'],
      ] as const) {
        expect([token.slice(0, 4), path, await send(url, path, headers(token), method)]).toEqual([
          token.slice(0, 4),
          path,
          401,
        ])
      }
    }
    expect(seen).toEqual([])
    expect(await house.records(0)).toEqual([])
  })

  it('never gets to the API in an address, however it is written there', async () => {
    const escaped = `%${secret.charCodeAt(0).toString(16)}${secret.slice(1)}`
    const paths = [
      `/v1/messages?api_key=${secret}`,
      `/v1/messages?api_key=${escaped}`,
      `/p/${secret}/v1/messages`,
      `/v1/files/${ADMIN_TOKEN}`,
      `/v1/messages?key=${encodeURIComponent(ADMIN_TOKEN)}`,
    ]
    for (const path of paths) expect([path, await send(url, path, ['x-api-key', OWN])]).toEqual([path, 401])
    expect([seen, await house.records(0)]).toEqual([[], []])
  })

  it('is not sent on beside a right gateway key', async () => {
    const beside = [makeToken('admin').text, ADMIN_TOKEN, other]
    for (const token of beside) {
      await send(url, '/v1/messages', ['x-api-key', secret, 'authorization', `Bearer ${token}`])
      await send(url, '/v1/messages', ['x-runguard-key', secret, 'x-api-key', token])
      await send(url, '/v1/messages', ['x-api-key', secret, 'cookie', `runguard_session=${'x'.repeat(43)}`])
    }
    const sent = JSON.stringify(seen)
    for (const token of [...beside, secret, 'runguard_session']) expect(sent).not.toContain(token)
  })

  it('is still taken where it belongs, also if its id is named elsewhere', async () => {
    const own = upstreamKey === null ? ['x-api-key', OWN, 'x-runguard-key', secret] : ['x-api-key', secret]
    expect(await send(url, '/v1/messages', [...own, 'x-runguard-session', id, 'user-agent', `ci with ${id}`])).toBe(200)
    expect((await house.records(1))[0]?.scope).toMatchObject({ key: id, session: id })
  })
})

describe('an admin token of free form', () => {
  it('is known as ours where spend limits are asked for', async () => {
    const house = await startControlHouse({ adminToken: ADMIN_TOKEN })
    for (const headers of [{ 'x-api-key': ADMIN_TOKEN }, { authorization: `Bearer ${ADMIN_TOKEN}` }]) {
      const answer = await fetch(`${house.url}/v1/organizations/spend_limits`, { headers: headers as never })
      expect([answer.status, await answer.json()]).toMatchObject([200, { data: [] }])
    }
    expect(house.asked).toEqual([])
  })
})
