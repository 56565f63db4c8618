import { expect, onTestFinished, test } from 'vitest'
import { auditBills } from './auditor.js'
import { virtualClock } from './clock.js'
import { type RunningSimulator, startSimulator } from './server.js'

const startMs = Date.UTC(2026, 10, 26, 10, 30)

async function openSimulator(): Promise<RunningSimulator & { advance(ms: number): Promise<void> }> {
  const clock = virtualClock(startMs)
  const simulator = await startSimulator({ clock })
  onTestFinished(() => simulator.close())
  return { ...simulator, advance: (ms) => clock.advance(ms) }
}

async function ask({ url }: RunningSimulator, key: string, model: string): Promise<void> {
  const body = JSON.stringify({ model, max_tokens: 100, messages: [{ role: 'user', content: '[[sim:text 20]]' }] })
  const headers = { 'x-api-key': key, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' }
  const response = await fetch(`${url}/v1/messages`, { method: 'POST', headers, body })
  expect(response.status).toBe(200)
  await response.text()
}

interface Report {
  readonly data: readonly {
    readonly starting_at: string
    readonly results: readonly Readonly<Record<string, string>>[]
  }[]
  readonly next_page: string | null
}

async function report({ url }: RunningSimulator, path: string, key = 'sk-ant-admin-test') {
  const headers = { 'x-api-key': key, 'anthropic-version': '2023-06-01' }
  const response = await fetch(`${url}/v1/organizations/${path}`, { headers })
  return { status: response.status, body: (await response.json()) as Report }
}

const since = 'starting_at=2026-11-26T00:00:00Z'

test('the usage report counts by key, model and hour what was served', async () => {
  const simulator = await openSimulator()
  await ask(simulator, 'sk-ant-a', 'claude-haiku-5-5')
  await ask(simulator, 'sk-ant-a', 'claude-haiku-5-5')
  await simulator.advance(3_600_000)
  await ask(simulator, 'sk-ant-b', 'claude-opus-5-5')
  await simulator.advance(60_000)
  const { body } = await report(
    simulator,
    `usage_report/messages?${since}&bucket_width=1h&group_by[]=api_key_id&group_by[]=model`,
  )
  const rows = body.data.flatMap((bucket) =>
    bucket.results.map((row): Readonly<Record<string, string>> => ({ hour: bucket.starting_at, ...row })),
  )
  expect(rows).toMatchObject([
    { hour: '2026-11-26T10:00:00Z', model: 'claude-haiku-5-5', output_tokens: 40, workspace_id: null },
    { hour: '2026-11-26T11:00:00Z', model: 'claude-opus-5-5', output_tokens: 20 },
  ])
  expect(rows[0]?.api_key_id).toMatch(/^apikey_/)
  expect(rows[1]?.api_key_id).not.toBe(rows[0]?.api_key_id)
})

test('the cost report adds up to the bills, in cents', async () => {
  const simulator = await openSimulator()
  for (const model of ['claude-haiku-5-5', 'claude-opus-5-5']) await ask(simulator, 'sk-ant-a', model)
  await simulator.advance(60_000)
  const { body } = await report(simulator, `cost_report?${since}&group_by[]=description`)
  const results = body.data.flatMap((bucket) => bucket.results)
  const cents = results.reduce((sum, { amount }) => sum + Number(amount), 0)
  expect(Math.round(cents * 1e7)).toBe(Number(auditBills(simulator.log).total))
  expect(results.map(({ token_type }) => token_type)).toContain('output_tokens')
})

test('a long report comes in pages', async () => {
  const simulator = await openSimulator()
  const path = 'usage_report/messages?starting_at=2026-11-24T00:00:00Z&ending_at=2026-11-26T00:00:00Z&bucket_width=1h'
  const first = await report(simulator, path)
  expect(first.body).toMatchObject({ has_more: true, next_page: expect.stringMatching(/^page_/) })
  const second = await report(simulator, `${path}&page=${first.body.next_page}`)
  expect(second.body).toMatchObject({ has_more: false, next_page: null })
  expect([...first.body.data, ...second.body.data]).toHaveLength(48)
})

test('only an administrator is told, and what makes no sense is said', async () => {
  const simulator = await openSimulator()
  expect((await report(simulator, `cost_report?${since}`, 'sk-ant-api03-x')).status).toBe(401)
  expect((await report(simulator, 'cost_report')).status).toBe(400)
  expect((await report(simulator, `usage_report/messages?${since}&bucket_width=1w`)).status).toBe(400)
  expect((await report(simulator, `usage_report/messages?${since}&group_by[]=mood`)).status).toBe(400)
})
