import Anthropic from '@anthropic-ai/sdk'
import { type Budget, readConfig } from '@runguard/sdk/core'
import { type Runtime, systemRuntime } from '@runguard/sdk/engine'
import { describe, expect, it } from 'vitest'
import { type ControlHouse, STARTED_AT, startControlHouse } from './control-house.js'

const TOKEN = `rga_${'a'.repeat(50)}`

function adminClient({ url }: ControlHouse, apiKey = TOKEN): Anthropic {
  return new Anthropic({ apiKey, baseURL: url, maxRetries: 0 })
}

/** Of everything, in the configuration file. */
function fileBudgets(): readonly Budget[] {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit: 500 }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets
}

/** The machine's runtime with a clock that is set by hand. */
function hand(startMs: number): Runtime & { set(ms: number): void } {
  let nowMs = startMs
  return {
    ...systemRuntime(),
    now: () => nowMs,
    set: (ms) => {
      nowMs = ms
    },
  }
}

describe('spend limits in the shape of the Admin API', () => {
  it('are set, listed, read and deleted by the official client, and are budgets in force', async () => {
    const house = await startControlHouse({ adminToken: TOKEN })
    const { spendLimits } = adminClient(house).beta.organization
    const set = await spendLimits.set({ amount: '50000', scope: { type: 'user', user_id: 'ann' }, period: 'daily' })
    expect(set).toMatchObject({
      type: 'spend_limit',
      amount: '50000',
      currency: 'USD',
      period: 'daily',
      is_enabled: true,
    })
    await spendLimits.set({ amount: '0', scope: { type: 'user', user_id: 'ann' }, period: 'daily' })
    const listed = []
    for await (const limit of spendLimits.list()) listed.push(limit)
    expect(listed.map(({ id, amount }) => [id, amount])).toEqual([[set.id, '0']])
    await spendLimits.set({ amount: '1', scope: { type: 'workspace', workspace_id: 'web' } })
    await spendLimits.set({ amount: '1', scope: { type: 'organization' } })
    const some = await spendLimits.list({ scope_type: ['user', 'workspace'] })
    expect(some.data.map(({ scope }) => scope.type).sort()).toEqual(['user', 'workspace'])
    expect((await house.call({ 'x-runguard-user': 'ann' })).status).toBe(402)
    expect((await house.call({ 'x-runguard-user': 'bob' })).status).toBe(200)
    expect((await spendLimits.retrieve(set.id)).scope).toEqual({ type: 'user', user_id: 'ann' })
    const effective = await spendLimits.effective.list()
    expect(effective.data[0]).toMatchObject({ period_to_date_spend: '0', spend_limit_id: set.id })
    expect(await spendLimits.delete(set.id)).toEqual({ id: set.id, type: 'spend_limit_deleted' })
    await expect(spendLimits.retrieve(set.id)).rejects.toMatchObject({ status: 404 })
    // A budget for each user cannot be said in this shape: nothing is changed.
    const each = spendLimits.set({ amount: '1', scope: { type: 'user', user_id: '*' } })
    await expect(each).rejects.toMatchObject({ status: 400 })
    expect((await house.store.listBudgets()).map(({ id }) => id)).not.toContain('user:*/month')
    await expect(spendLimits.set({ amount: null, scope: { type: 'organization' } })).rejects.toMatchObject({
      status: 400,
    })
  })

  it('say when they were set first and last, and those of the file since when the gateway has them', async () => {
    const runtime = hand(Date.UTC(2026, 10, 26, 9))
    const house = await startControlHouse({ adminToken: TOKEN, runtime, fileBudgets: fileBudgets() })
    const { spendLimits } = adminClient(house).beta.organization
    const scope = { type: 'user', user_id: 'ann' } as const
    expect(await spendLimits.set({ amount: '100', scope })).toMatchObject({
      created_at: '2026-11-26T09:00:00.000Z',
      updated_at: '2026-11-26T09:00:00.000Z',
    })
    runtime.set(Date.UTC(2026, 10, 27, 10))
    const changed = await spendLimits.set({ amount: '200', scope })
    expect(changed).toMatchObject({ created_at: '2026-11-26T09:00:00.000Z', updated_at: '2026-11-27T10:00:00.000Z' })
    const { data } = await spendLimits.list({ scope_type: ['organization'] })
    const since = new Date(STARTED_AT).toISOString()
    expect(data).toMatchObject([{ created_at: since, updated_at: since }])
    const { body } = await house.ask('budgets', { headers: { authorization: `Bearer ${TOKEN}` } })
    expect(body.items.map(({ createdAt }: { createdAt: unknown }) => createdAt)).toEqual([
      null,
      Date.UTC(2026, 10, 26, 9),
    ])
  })

  it('come in pages, none twice and none left out, also where some go meanwhile', async () => {
    const house = await startControlHouse({ adminToken: TOKEN, fileBudgets: fileBudgets() })
    const { spendLimits } = adminClient(house).beta.organization
    const users = Array.from({ length: 7 }, (_, n) => `u${n}`)
    const periods = ['daily', 'monthly'] as const
    for (const user_id of users) {
      for (const period of periods) await spendLimits.set({ amount: '100', scope: { type: 'user', user_id }, period })
    }
    const all = (await spendLimits.list({ limit: 1_000 })).data
    expect(all).toHaveLength(15)
    expect(all[0]?.scope).toEqual({ type: 'organization' })
    for (const limit of [1, 4, 15]) {
      const listed: string[] = []
      for await (const { id } of spendLimits.list({ limit })) listed.push(id)
      expect(listed).toEqual(all.map(({ id }) => id))
    }
    const first = await spendLimits.list({ limit: 3 })
    expect([first.data.length, first.hasNextPage()]).toEqual([3, true])
    await spendLimits.delete(first.data[2]?.id ?? '')
    const second = await spendLimits.list({ limit: 3, page: first.next_page })
    expect(second.data.map(({ id }) => id)).toEqual(all.slice(3, 6).map(({ id }) => id))

    const effective = await spendLimits.effective.list({ limit: 2, user_ids: users.slice(3), period: ['daily'] })
    expect(effective.data.map(({ actor, period }) => [actor.type === 'user_actor' && actor.user_id, period])).toEqual([
      ['u3', 'daily'],
      ['u4', 'daily'],
    ])
    // A hundred may be asked for, as long as the API makes their ids.
    const asked = Array.from({ length: 99 }, (_, n) => `user_${String(n).padStart(24, '0')}`)
    const named = await spendLimits.effective.list({ user_ids: [...asked, 'u3'], period: ['daily'] })
    expect(named.data).toMatchObject([{ actor: { user_id: 'u3' } }])
    await expect(spendLimits.effective.list({ user_ids: [...asked, 'u3', 'u4'] })).rejects.toMatchObject({
      status: 400,
    })
    const members: unknown[] = []
    for await (const { actor } of spendLimits.effective.list({ limit: 2 })) members.push(actor)
    expect(members).toHaveLength(13)
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'page=nowhere']) {
      await expect(adminClient(house).get(`/v1/organizations/spend_limits?${query}`)).rejects.toMatchObject({
        status: 400,
      })
    }
  })

  it('are reached in every way in which the Claude API is, and are the same ones', async () => {
    const house = await startControlHouse({ adminToken: TOKEN })
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ amount: '100', scope: { type: 'user', user_id: 'ann' } })
    const ids = new Set<unknown>()
    for (const base of ['/v1', '', '/p/web/v1', '/p/web', '/p/a%20b', '//v1/']) {
      const url = `${house.url}${base}/organizations/spend_limits`
      const set = await fetch(url, { method: 'POST', headers, body })
      const { id } = (await set.json()) as { id: unknown }
      const { data } = (await (await fetch(`${url}?limit=5`, { headers })).json()) as { data: { id: unknown }[] }
      expect([base, set.status, data.map((limit) => limit.id)]).toEqual([base, 200, [id]])
      expect([base, (await fetch(`${url}/${id}`, { headers })).status]).toEqual([base, 200])
      // Who is wrong there hears it in the words of that API.
      const unknown = (await (await fetch(`${url}/spl_none`, { headers })).json()) as { error: { type: unknown } }
      expect([base, unknown.error.type]).toEqual([base, 'not_found_error'])
      ids.add(id)
    }
    expect(ids.size).toBe(1)
    expect(house.asked).toEqual([])
  })

  it('go on to the upstream for whoever shows a key of the API', async () => {
    const house = await startControlHouse({ adminToken: TOKEN })
    await adminClient(house, 'sk-ant-admin-test').get('/v1/organizations/spend_limits')
    expect(house.asked).toEqual(['GET /v1/organizations/spend_limits'])
    await expect(
      adminClient(house, `rga_${'b'.repeat(50)}`).get('/v1/organizations/spend_limits'),
    ).rejects.toMatchObject({
      status: 401,
    })
  })
})
