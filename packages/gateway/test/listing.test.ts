import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallRecord } from '@runguard/sdk/core'
import { sqliteStore } from '@runguard/sdk/store'
import { sampleRecord } from '@runguard/sdk/testing'
import Database from 'libsql'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ApiCall } from '../src/api/calls.js'
import type { ApiSessionRow } from '../src/api/sessions.js'
import { startControlHouse } from './control-house.js'

/** A file that a gateway can be started on again and again. */
function makeFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-listing-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'runguard.db')
}

const openFile = (path: string) => sqliteStore(new Database(path))

/** A call of a session, a minute ago. */
function callOf(id: string, scope: Partial<CallRecord['scope']>, isEstimated = false): CallRecord {
  const usual = sampleRecord()
  const cost = { ...usual.cost, isEstimated }
  const whose = { ...usual.scope, agent: null, parentAgent: null, ...scope }
  return sampleRecord({ id, startedAt: Date.now() - 60_000, scope: whose, cost })
}

describe('calls', () => {
  it('are listed by the code of what refused them', async () => {
    const house = await startControlHouse({ store: openFile(makeFile()) })
    await house.ask('budgets/nothing', {
      method: 'PUT',
      json: { scope: 'user:ann', window: 'month', limitNano: 0 },
    })
    await house.ask('breakers/session:s-1/hold', { method: 'POST', json: {} })
    expect((await house.call({ 'x-runguard-user': 'ann' })).status).toBe(402)
    expect((await house.call({ 'x-runguard-session': 's-1' })).status).toBe(402)
    expect((await house.call()).status).toBe(200)
    const list = async (query: string): Promise<ApiCall[]> => (await house.ask(`calls?${query}`)).body.items
    const refusals = async (query: string) => (await list(query)).map(({ refusal }) => refusal?.code)
    expect(await refusals('')).toHaveLength(3)
    expect(await refusals('refusal=runguard_budget_exceeded')).toEqual(['runguard_budget_exceeded'])
    expect(await refusals('refusal=runguard_breaker_open')).toEqual(['runguard_breaker_open'])
    expect(await refusals('refusal=runguard_breaker_open&user=ann')).toEqual([])
    expect(await refusals('refusal=nothing-like-it')).toEqual([])
    // As many as the first screen says.
    const { body: overview } = await house.ask('overview')
    for (const { code, calls } of overview.refusals) expect(await list(`refusal=${code}`)).toHaveLength(calls)
    expect(await house.ask('calls?refusal=')).toMatchObject({ status: 400 })
  })
})

describe('sessions', () => {
  it('say whether what they cost is an estimate, in every list and on their own page', async () => {
    const house = await startControlHouse()
    await house.store.addRecords([callOf('a', { session: 's' }), callOf('b', { session: 's', agent: 'sub' }, true)])
    await house.store.addRecords([callOf('c', { session: 't' })])
    const estimates = (rows: readonly ApiSessionRow[]) =>
      Object.fromEntries(rows.map(({ id, estimatedCalls }) => [id, estimatedCalls]))
    expect(estimates((await house.ask('sessions')).body.items)).toEqual({ s: 1, t: 0 })
    expect(estimates((await house.ask('overview')).body.activeSessions)).toEqual({ s: 1, t: 0 })
    const { body } = await house.ask('sessions/s')
    expect(body.session).toMatchObject({ id: 's', calls: 2, estimatedCalls: 1 })
    expect(body.agents).toMatchObject([
      { agent: null, estimatedCalls: 0 },
      { agent: 'sub', estimatedCalls: 1 },
    ])
  })

  it('have the agents that called in them, after a restart and where no tool was ever called', async () => {
    const path = makeFile()
    const first = await startControlHouse({ store: openFile(path) })
    await first.store.addRecords(['sub', 'other', 'sub'].map((agent, at) => callOf(`c${at}`, { session: 's', agent })))
    await first.store.addRecords([callOf('d', { session: 's' }), callOf('e', { session: 't' })])
    const agentsAt = async (house: typeof first) => {
      const rows = [...(await house.ask('sessions')).body.items, ...(await house.ask('overview')).body.activeSessions]
      return rows.map(({ id, agents }: ApiSessionRow) => [id, agents]).sort()
    }
    const expected = ['s', 's', 't', 't'].map((id) => [id, id === 's' ? 3 : 1])
    expect(await agentsAt(first)).toEqual(expected)
    const again = await startControlHouse({ store: openFile(path) })
    expect(await agentsAt(again)).toEqual(expected)
    expect((await again.ask('sessions/s')).body.session.agents).toBe(3)
  })
})
