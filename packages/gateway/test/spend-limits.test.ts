import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import { type ControlHouse, startControlHouse } from './control-house.js'

const TOKEN = `rga_${'a'.repeat(50)}`

function adminClient({ url }: ControlHouse, apiKey = TOKEN): Anthropic {
  return new Anthropic({ apiKey, baseURL: url, maxRetries: 0 })
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
