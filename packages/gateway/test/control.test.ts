import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '@runguard/sdk/core'
import { sqliteStore } from '@runguard/sdk/store'
import { sampleRecord } from '@runguard/sdk/testing'
import Database from 'libsql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PERMISSIONS } from '../src/access/permissions.js'
import { startControlHouse } from './control-house.js'
import { answerCostNano } from './harness.js'

const USUAL = { scope: 'everything', limitNano: 1_000_000_000, window: 'month' }

describe('the API of the control plane', () => {
  it('does every operation of the table of permissions, and describes each one', async () => {
    const house = await startControlHouse()
    const { body } = await house.ask('openapi.json')
    const described = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId }) => operationId)
    expect(described.sort()).toEqual(Object.keys(PERMISSIONS).sort())
    const names = new Set(Object.keys(body.components.schemas))
    const references = JSON.stringify(body).matchAll(/"#\/components\/schemas\/([^"]+)"/g)
    for (const [, name] of references) expect(names).toContain(name)
    expect(body.openapi).toBe('3.1.0')
  })

  it('shows a call everywhere a moment after it has ended', async () => {
    const house = await startControlHouse({ store: sqliteStore(new Database(':memory:')) })
    await house.call({ 'x-runguard-session': 'a/b ü', 'x-runguard-tag': 'x,y' })
    const { body: calls } = await house.ask('calls?session=a%2Fb%20%C3%BC')
    expect(calls.items).toHaveLength(1)
    const { body: detail } = await house.ask(`calls/${calls.items[0].id}`)
    expect(detail.cost.nano).toBe(answerCostNano)
    expect((await house.ask('calls/req_1')).body.id).toBe(detail.id)
    const { body: session } = await house.ask(`sessions/${encodeURIComponent('a/b ü')}`)
    expect(session.calls[0].cumulativeNano).toBe(answerCostNano)
    const { body: spend } = await house.ask('spend?groupBy=tag&step=day&timeZone=Asia/Kolkata')
    expect(spend.groups.map(({ group }: { group: string }) => group).sort()).toEqual(['x', 'y'])
    expect(spend.total.costNano).toBe(answerCostNano)
    expect(spend.total.series.reduce((sum: number, nano: number) => sum + nano, 0)).toBe(answerCostNano)
    const { body: overview } = await house.ask('overview?timeZone=Europe/Berlin')
    expect([overview.today.calls, overview.activeSessions.length, overview.minutes.length]).toEqual([1, 1, 60])
  })

  it('says of a try of a cascade what the others were, and of no other call', async () => {
    const house = await startControlHouse({ store: sqliteStore(new Database(':memory:')) })
    const { scope } = sampleRecord()
    const startedAt = Date.now() - 60_000
    const tryOf = (attempt: number, id: string, session: string | null, cascade = 'c1') =>
      sampleRecord({
        id: `rg_${id}`,
        startedAt: startedAt + attempt,
        scope: { ...scope, session, task: 'classify' },
        cascade: { id: cascade, attempt, tier: attempt === 1 ? 'small' : 'large', asked: 'm' },
      })
    const other = { ...tryOf(1, 'other', 's', 'c2'), startedAt: startedAt + 3 }
    const plain = sampleRecord({ id: 'rg_plain', startedAt, scope: { ...scope, session: 's' } })
    await house.store.addRecords([tryOf(2, 'b', 's'), tryOf(1, 'a', 's'), other, plain])
    await house.ask('calls')
    const triesOf = async (id: string) =>
      (await house.ask(`calls/${id}`)).body.tries.map((each: { id: string; tier: string }) => [each.id, each.tier])
    expect(await triesOf('rg_b')).toEqual([
      ['rg_a', 'small'],
      ['rg_b', 'large'],
    ])
    expect(await triesOf('rg_a')).toHaveLength(2)
    expect(await triesOf('rg_plain')).toEqual([])
    const { body } = await house.ask('sessions/s')
    expect(body.calls.map(({ cascade }: { cascade: { attempt: number } | null }) => cascade?.attempt ?? null)).toEqual([
      null,
      1,
      2,
      1,
    ])
    await house.store.addRecords([tryOf(1, 'x', null, 'c3'), tryOf(2, 'y', null, 'c3')])
    await house.ask('calls')
    expect(await triesOf('rg_y')).toEqual([
      ['rg_x', 'small'],
      ['rg_y', 'large'],
    ])
  })

  it('counts what was refused this month by its reason, and never as saved', async () => {
    const house = await startControlHouse({ store: sqliteStore(new Database(':memory:')) })
    await house.ask('budgets/nothing', { method: 'PUT', json: { ...USUAL, limitNano: 0 } })
    await house.call()
    const { body } = await house.ask('overview')
    expect(body.refusals).toEqual([
      {
        code: 'runguard_budget_exceeded',
        calls: 1,
        promptTokens: expect.any(Number),
        promptNano: expect.any(Number),
      },
    ])
    expect(body.refusals[0].promptTokens).toBeGreaterThan(0)
    expect(body.refusals[0].promptNano).toBeGreaterThan(0)
    expect(body.shortened).toEqual([])
    expect(body.savings.map(({ savedNano }: { savedNano: number }) => savedNano)).toEqual([0, 0, 0])
  })

  it('tells of the fullest budgets first, and of one that lets nothing be spent as full', async () => {
    const house = await startControlHouse()
    const put = (id: string, json: object) => house.ask(`budgets/${id}`, { method: 'PUT', json: { ...USUAL, ...json } })
    for (const index of [1, 2, 3, 4, 5]) await put(`wide-${index}`, { limitNano: 1_000_000_000 * index })
    await house.call()
    await put('nothing', { limitNano: 0 })
    const { body } = await house.ask('overview')
    const ids = body.budgets.map(({ id }: { id: string }) => id)
    expect(ids).toEqual(['nothing', 'wide-1', 'wide-2', 'wide-3', 'wide-4'])
  })

  it('tells the dearest of very many apart and adds the others up', async () => {
    const house = await startControlHouse({ store: sqliteStore(new Database(':memory:')) })
    const { scope } = sampleRecord()
    const at = Date.now() - 60_000
    const records = Array.from({ length: 400 }, (_, index) =>
      sampleRecord({ id: `rg_${index}`, startedAt: at, scope: { ...scope, user: `u${index}` } }),
    )
    await house.store.addRecords(records)
    const { body } = await house.ask('spend?groupBy=user&top=3&step=hour')
    expect([body.groups.length, body.rest.groups, body.rest.calls, body.total.calls]).toEqual([3, 397, 397, 400])
    const sums = body.rest.series.map((nano: number, index: number) =>
      body.groups.reduce((sum: number, { series }: { series: number[] }) => sum + (series[index] ?? 0), nano),
    )
    expect(sums).toEqual(body.total.series)
  })

  it('takes a budget into force at once, and out again', async () => {
    const house = await startControlHouse()
    expect((await house.call()).status).toBe(200)
    const put = await house.ask('budgets/tight', { method: 'PUT', json: { ...USUAL, limitNano: 1, name: 'tight ü' } })
    expect([put.status, put.body.name, put.body.source]).toEqual([200, 'tight ü', 'registry'])
    expect((await house.call()).status).toBe(402)
    const [refused] = (await house.ask('calls?ending=not-billed')).body.items
    expect((await house.ask(`calls/${refused.id}`)).body.refusal).toMatchObject({
      code: 'runguard_budget_exceeded',
      isEnforced: true,
      by: {
        kind: 'budget',
        budget: 'tight',
        scope: 'everything',
        limitNano: 1,
        spentNano: 0,
        heldNano: 0,
      },
    })
    const listed = await house.ask('budgets')
    expect(listed.body.items[0]).toMatchObject({ id: 'tight', limitNano: 1, window: 'month' })
    expect((await house.ask('budgets/tight', { method: 'DELETE' })).status).toBe(200)
    expect((await house.call()).status).toBe(200)
    expect((await house.ask('budgets/tight', { method: 'DELETE' })).status).toBe(404)
    const { body: audit } = await house.ask('audit')
    expect(audit.items.map(({ action }: { action: string }) => action)).toEqual(['budgets.remove', 'budgets.write'])
    expect((await house.ask('audit/verify')).body.isSound).toBe(true)
  })

  it('lets the steps of a ladder lead to a tier of the configuration, and to no other', async () => {
    const house = await startControlHouse({ tiers: [{ name: 'tiny', model: 'claude-haiku-4-5' }] })
    const put = (to: string) => {
      const degrade = [{ at: 0.8, step: 'cheaper-tier', to }]
      return house.ask('budgets/low', { method: 'PUT', json: { ...USUAL, degrade } })
    }
    const refused = await put('tny')
    expect(refused.body.error.problems).toMatchObject([{ path: 'body.degrade.0.to' }])
    expect(await put('tiny')).toMatchObject({ status: 200 })
    expect((await house.ask('budgets')).body.items).toMatchObject([{ degrade: [{ step: 'cheaper-tier', to: 'tiny' }] }])
  })

  it('lets nobody overwrite a budget that somebody else has changed, or that is in the file', async () => {
    const reading = readConfig({ budgets: [{ id: 'filed', scope: 'everything', limit: '$1', window: 'day' }] })
    const house = await startControlHouse({ fileBudgets: reading.kind === 'config' ? reading.config.budgets : [] })
    const put = (id: string, json: object) => house.ask(`budgets/${id}`, { method: 'PUT', json })
    expect((await put('filed', USUAL)).status).toBe(409)
    const first = await put('a', { ...USUAL, revision: null })
    const both = await Promise.all([
      put('a', { ...USUAL, limitNano: 5, revision: first.body.revision }),
      put('a', { ...USUAL, limitNano: 6, revision: first.body.revision }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    expect((await put('a', { ...USUAL, revision: null })).status).toBe(409)
  })

  it('says everything that is wrong at once, each with its place', async () => {
    const house = await startControlHouse()
    const { status, body } = await house.ask(`budgets/${'x'.repeat(300)}`, {
      method: 'PUT',
      json: { scope: 'usr:ann', limitNano: 1, window: 'day', thresholds: [-1], timeZone: 'Mars/Base' },
    })
    expect(status).toBe(400)
    const paths = body.error.problems.map(({ path }: { path: string }) => path)
    expect(paths).toEqual(expect.arrayContaining(['path.id', 'body.scope', 'body.timeZone', 'body.thresholds.0']))
    const query = await house.ask('calls?limit=1e9&since=-1&colour=red')
    expect(query.body.error.problems).toHaveLength(3)
  })

  it('plays a limit against the past without changing anything', async () => {
    const house = await startControlHouse({ store: sqliteStore(new Database(':memory:')) })
    for (let count = 0; count < 3; count++) await house.call({ 'x-runguard-user': 'ann' })
    const json = { scope: 'user:*', limitNano: answerCostNano * 2, window: 'lifetime', since: 0, until: Date.now() + 1 }
    const { body } = await house.ask('budgets/what-if', { method: 'POST', json })
    expect(body).toMatchObject({
      calls: 3,
      refusedCalls: 1,
      refusedNano: answerCostNano,
      windowCount: 1,
      isTruncated: false,
    })
    expect((await house.ask('budgets')).body.items).toEqual([])
  })

  it('says that it estimates where the past is too long to be played', async () => {
    const house = await startControlHouse()
    const base = sampleRecord({ scope: { ...sampleRecord().scope, user: 'ann' } })
    const at = Date.now() - 3_600_000
    await house.store.addRecords(
      Array.from({ length: 5_001 }, (_, index) => ({ ...base, id: `rg_${index}`, startedAt: at })),
    )
    const limitNano = base.cost.nano * 5_000
    const json = { scope: 'user:*', limitNano, window: 'lifetime', since: 0, until: Date.now() }
    const { body } = await house.ask('budgets/what-if', { method: 'POST', json })
    const money = { costNano: base.cost.nano * 5_001, refusedCalls: 1, refusedNano: base.cost.nano }
    expect(body).toMatchObject({ ...money, calls: 5_001, isEstimated: true, isTruncated: false })
    expect(body.windows[0].scope).toBe('user:ann')
  })

  it('holds and resumes sessions, and holds and resets breakers', async () => {
    const house = await startControlHouse()
    const session = { 'x-runguard-session': 'a/b' }
    await house.ask('sessions/a%2Fb/hold', { method: 'POST', json: { note: 'look first' } })
    expect((await house.call(session)).status).not.toBe(200)
    expect((await house.ask('sessions')).body.items[0].breaker).toBe('held')
    await house.ask('sessions/a%2Fb/resume', { method: 'POST' })
    const breaker = 'breakers/model%3Aclaude-sonnet-5-5'
    expect((await house.ask(`${breaker}/hold`, { method: 'POST', json: {} })).body.state).toBe('held')
    expect((await house.ask('breakers')).body.items[0]).toMatchObject({ scope: 'model', by: 'This machine' })
    expect((await house.ask(`${breaker}/reset`, { method: 'POST' })).body.state).toBe('closed')
    expect((await house.ask('breakers/__proto__/hold', { method: 'POST', json: {} })).status).toBe(400)
  })

  it('takes the word of an operator at once: the very next call is refused, and after a resume answered', async () => {
    const house = await startControlHouse()
    const session = { 'x-runguard-session': 'runaway' }
    expect((await house.call(session)).status).toBe(200)
    await house.ask('sessions/runaway/hold', { method: 'POST', json: {} })
    expect((await house.call(session)).status).toBe(402)
    await house.ask('sessions/runaway/resume', { method: 'POST' })
    expect((await house.call(session)).status).toBe(200)
    await house.ask('breakers/model%3Aclaude-sonnet-5-5/hold', { method: 'POST', json: {} })
    expect((await house.call(session)).status).toBe(402)
    await house.ask('breakers/model%3Aclaude-sonnet-5-5/reset', { method: 'POST' })
    expect((await house.call(session)).status).toBe(200)
  })

  it('pages without gaps or repeats while calls come in', async () => {
    const house = await startControlHouse({ store: sqliteStore(new Database(':memory:')) })
    for (let count = 0; count < 5; count++) await house.call()
    const first = (await house.ask('calls?limit=2')).body
    await house.call()
    const second = (await house.ask(`calls?limit=2&cursor=${first.next}`)).body
    const third = (await house.ask(`calls?limit=2&cursor=${second.next}`)).body
    const ids = [first, second, third].flatMap(({ items }) => items.map(({ id }: { id: string }) => id))
    expect([ids.length, new Set(ids).size, third.next]).toEqual([5, 5, null])
  })

  it('takes no place in a session that a forger made up', async () => {
    const house = await startControlHouse({ store: sqliteStore(new Database(':memory:')) })
    await house.call({ 'x-runguard-session': 's' })
    const forge = (costNano: number) =>
      Buffer.from(JSON.stringify([1, JSON.stringify(['rg', costNano])])).toString('base64url')
    for (const costNano of [Number.MAX_SAFE_INTEGER, -5, answerCostNano + 1]) {
      expect((await house.ask(`sessions/s?cursor=${forge(costNano)}`)).status).toBe(400)
    }
    expect((await house.ask(`sessions/s?cursor=${forge(0)}`)).status).toBe(200)
  })

  it('makes keys that are shown once', async () => {
    const house = await startControlHouse()
    const made = await house.ask('keys', { method: 'POST', json: { name: 'ci', team: 'web' } })
    expect(made.body.secret).toEqual(expect.stringMatching(/^rgk_/))
    const everything = JSON.stringify([await house.ask('keys'), await house.ask('audit'), await house.ask('settings')])
    expect(everything).toContain(made.body.key.id)
    expect(everything).not.toContain(made.body.secret)
    expect((await house.ask(`keys/${made.body.key.id}`, { method: 'DELETE' })).body.status).toBe('revoked')
    expect((await house.ask('keys/rgk_nobody', { method: 'DELETE' })).status).toBe(404)
  })

  it('never answers with what was asked or said, nor with a credential', async () => {
    const house = await startControlHouse()
    await house.call({ 'x-runguard-session': 's' })
    const [{ id }] = (await house.ask('calls')).body.items
    const pages = ['overview', 'spend', 'calls', `calls/${id}`, 'sessions', 'sessions/s', 'cache', 'audit', 'settings']
    const everything = JSON.stringify(await Promise.all(pages.map((page) => house.ask(page))))
    for (const secret of ['sky blue', 'Rayleigh', 'sk-ant-test']) expect(everything).not.toContain(secret)
  })
})

describe('hostile requests to the control plane', () => {
  it.each([
    ['calls?cursor=%00', 400],
    ['calls?cursor=W10', 400],
    // Not every database can look for a NUL.
    [`calls?cursor=${Buffer.from('[1,"\\u0000"]').toString('base64url')}`, 400],
    ['alerts/deliveries?channel=%00', 400],
    ['calls/%00', 400],
    ['cache?until=0', 400],
    ['cache?until=1', 200],
    ['routes?until=1', 200],
    [`calls?cursor=${Buffer.from('[1e99,"x"]').toString('base64url')}`, 400],
    ['sessions/x?cursor=WzEsIngiXQ', 400],
    ['spend?since=0&until=1&step=hour&timeZone=Asia/Kathmandu', 200],
    ['spend?since=0&until=1&step=day&timeZone=Asia/Kolkata', 200],
    ['calls?model=a&model=b', 400],
    ['audit?cursor=-1', 400],
    ['spend?step=minute&since=0', 400],
    ['spend?timeZone=Nowhere', 400],
    ['spend?groupBy=__proto__', 400],
    ['spend?since=9&until=3', 400],
    ['calls/%2e%2e%2f%2e%2e%2fetc', 404],
    ['calls/%ff', 404],
    ['sessions/constructor', 404],
    ['nothing/here', 404],
    ['spend?user=__proto__&groupBy=user', 200],
  ])('%s is answered with %i', async (path, status) => {
    const house = await startControlHouse()
    expect((await house.ask(path)).status).toBe(status)
  })

  it('refuses bodies that are too large, no JSON, or not objects', async () => {
    const house = await startControlHouse()
    const put = (body: string) => house.ask('budgets/a', { method: 'PUT', body })
    expect((await put(JSON.stringify({ ...USUAL, name: 'x'.repeat(600_000) }))).status).toBe(413)
    expect((await put('{"scope"')).body.error.problems[0].path).toBe('body')
    expect((await put('[]')).status).toBe(400)
    expect((await put('{"__proto__":{"scope":"everything"}}')).status).toBe(400)
    expect((await put(JSON.stringify({ ...USUAL, limitNano: 2 ** 60 }))).status).toBe(400)
  })

  it('refuses pages of others, changes without the token, and methods that do not exist', async () => {
    const house = await startControlHouse()
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await house.ask('budgets/a', { method: 'PUT', json: USUAL, headers: foreign })).status).toBe(403)
    const forged = { 'x-runguard-csrf': 'forged' }
    expect((await house.ask('budgets/a', { method: 'PUT', json: USUAL, headers: forged })).status).toBe(403)
    const options = await fetch(`${house.url}/runguard/api/calls`, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    const head = await fetch(`${house.url}/runguard/api/calls`, { method: 'HEAD' })
    expect([head.status, await head.text(), head.headers.get('cache-control')]).toEqual([200, '', 'no-store'])
    expect(head.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  it('asks for a sign-in where there is one', async () => {
    const house = await startControlHouse({ requireLogin: true, adminToken: `rga_${'a'.repeat(50)}` })
    expect((await house.ask('calls')).status).toBe(401)
    expect((await fetch(`${house.url}/runguard/events`)).status).toBe(401)
    const login = await fetch(`${house.url}/runguard/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: `rga_${'a'.repeat(50)}` }),
    })
    expect(login.status).toBe(200)
    const cookie = (login.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? ''
    expect((await house.ask('calls', { headers: { cookie } })).status).toBe(200)
  })
})

describe('the files of the dashboard', () => {
  it('are served with their tags, and nothing beside them is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'runguard-pages-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    mkdirSync(join(folder, 'dist', 'assets'), { recursive: true })
    writeFileSync(join(folder, 'secret.txt'), 'secret')
    writeFileSync(join(folder, 'dist', 'index.html'), '<p>hello</p>')
    writeFileSync(join(folder, 'dist', 'assets', 'app-1.js'), 'let a = 1')
    const house = await startControlHouse({ dashboard: join(folder, 'dist') })
    const get = (path: string, headers = {}) => fetch(`${house.url}/runguard/${path}`, { headers, redirect: 'manual' })
    const index = await get('')
    expect(await index.text()).toBe('<p>hello</p>')
    expect(await (await get('spend/by/model')).text()).toBe('<p>hello</p>')
    const etag = index.headers.get('etag') ?? ''
    expect((await get('', { 'if-none-match': etag })).status).toBe(304)
    const script = await get('assets/app-1.js', { 'accept-encoding': 'br' })
    expect([script.headers.get('cache-control'), script.headers.get('content-encoding')]).toEqual([
      'public, max-age=31536000, immutable',
      'br',
    ])
    expect((await get('assets/nothing.js')).status).toBe(404)
    for (const path of ['..%2fsecret.txt', 'assets/..%2f..%2fsecret.txt', 'secret.txt', '%2e%2e/secret.txt']) {
      expect(await (await get(path)).text(), path).not.toBe('secret')
    }
    expect((await fetch(`${house.url}/runguard`, { redirect: 'manual' })).headers.get('location')).toBe('/runguard/')
    expect(await (await fetch(`${house.url}/p/web/runguard/spend`)).text()).toBe('<p>hello</p>')
  })
})
