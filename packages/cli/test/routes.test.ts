import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeHome, runCli, startGateway } from './cli.js'

let simulator: RunningSimulator

beforeEach(async () => {
  simulator = await startSimulator({ batchMs: 0 })
})

afterEach(async () => {
  await simulator.close()
})

const [haiku, sonnet, opus] = ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5']
const CONFIG = `
budgets:
  - scope: everything
    window: day
    limit: $1
    degrade:
      - at: 80%
        step: cheaper-tier
      - at: 100%
        step: refuse
`

/** A gateway with this configuration, and the official client before it. */
async function openHouse(config: string) {
  const home = makeHome()
  writeFileSync(join(home, 'runguard.yaml'), config)
  const gateway = await startGateway(home, simulator.url)
  const claude = new Anthropic({ apiKey: 'sk-ant-test', baseURL: gateway.url, maxRetries: 0 })
  const ask = async (content: string | Anthropic.MessageParam[], more: object = {}, headers: object = {}) => {
    const messages = typeof content === 'string' ? [{ role: 'user' as const, content }] : content
    const params = { model: opus, max_tokens: 4_000, messages, ...more }
    const { response, data } = await claude.messages.create(params, { headers: { ...headers } }).withResponse()
    // What has ended is in the store, and heard of, once the gateway is ready again.
    await fetch(`${gateway.url}/runguard/ready`)
    const told = (name: string): string | null => response.headers.get(`x-runguard-${name}`)
    return {
      type: String(data.type),
      model: data.model,
      id: told('request-id') ?? '',
      route: told('route'),
      degraded: told('degraded'),
    }
  }
  const run = async (...args: string[]) => (await runCli(home, args)).stdout
  const job = async (id: string) => {
    for (;;) {
      const found = await claude.get<{ readonly status: string }>(`/runguard/jobs/${id}`)
      if (!['waiting', 'batched', 'direct'].includes(found.status)) return found
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const judge = async (said: object) => {
    const body = JSON.stringify(said)
    const session = await (await fetch(`${gateway.url}/runguard/api/session`)).json()
    const { csrfToken } = session as { readonly csrfToken: string }
    const headers = { 'content-type': 'application/json', 'x-runguard-csrf': csrfToken }
    const answer = await fetch(`${gateway.url}/runguard/feedback`, { method: 'POST', headers, body })
    return { status: answer.status, said: await answer.json() }
  }
  return { ask, run, job, judge }
}

test('as a budget runs low, new conversations get a cheaper model and warm ones stay, until it refuses; explain tells each step', async () => {
  const { ask, run } = await openHouse(CONFIG)
  const system = [{ type: 'text', text: 'A long text. '.repeat(5_000), cache_control: { type: 'ephemeral' } }]
  const begun: Anthropic.MessageParam[] = [{ role: 'user', content: 'Begin.' }]
  expect(await ask(begun, { system, max_tokens: 100 })).toMatchObject({ model: opus, degraded: null })
  // Each of these costs eight cents.
  for (let calls = 0; calls < 9; calls++) await ask(`[[sim:text 4000]] ${calls}`)
  const fresh = await ask('Something new.', { max_tokens: 100 })
  expect(fresh).toMatchObject({ model: sonnet, route: `${sonnet}; reason=budget`, degraded: 'cheaper-tier; at=0.8' })
  const talk = [
    ...begun,
    { role: 'assistant' as const, content: 'Begun.' },
    { role: 'user' as const, content: 'Go on.' },
  ]
  const warm = await ask(talk, { system, max_tokens: 100 })
  expect(warm).toMatchObject({ model: opus, route: `${opus}; reason=conversation`, degraded: null })
  expect(await run('explain', fresh.id)).toMatch(
    /route +claude-opus-5-5 → claude-sonnet-5-5 \(medium\): a budget runs low; saved \$0\.\d+; .*\n.*degraded +at 80% of everything\/day \(8\d% used\): claude-opus-5-5 → claude-sonnet-5-5/,
  )
  expect(await run('explain', warm.id)).toMatch(
    /degraded +at 80% of everything\/day \(8\d% used\): cheaper-tier left: would lose the warm cache/,
  )
  let refused: unknown = null
  for (let calls = 0; calls < 20 && refused === null; calls++) {
    await ask(`[[sim:text 4000]] more ${calls}`).catch((error: unknown) => {
      refused = error
    })
  }
  expect(refused).toMatchObject({ status: 402 })
}, 60_000)

const WHOLE_LADDER = CONFIG.replace('      - at: 100%', '      - at: 90%\n        step: defer\n      - at: 100%')

test('at 80 % new conversations are cheaper, at 90 % those wait that may, at 100 % all are refused; explain tells it', async () => {
  const { ask, run, job } = await openHouse(`${WHOLE_LADDER}defer:\n  flushAfter: 10ms\n`)
  const mayWait = { 'x-runguard-may-wait': '6h' }
  const short = { max_tokens: 100 }
  expect(await ask('Now, please.', short, mayWait)).toMatchObject({ model: opus, degraded: null })
  // Each of these costs eight cents, and four cents once they go to the cheaper model.
  for (let calls = 0; calls < 10; calls++) await ask(`[[sim:text 4000]] ${calls}`)
  expect(await ask('Now, please.', short, mayWait)).toMatchObject({ model: sonnet, degraded: 'cheaper-tier; at=0.8' })
  for (let calls = 0; calls < 3; calls++) await ask(`[[sim:text 4000]] more ${calls}`)
  const waiting = await ask('When you can.', short, mayWait)
  expect(waiting).toMatchObject({ type: 'deferred_call', degraded: 'cheaper-tier; at=0.8, defer; at=0.9' })
  const atOnce = await ask('Now.', short)
  expect(atOnce).toMatchObject({ type: 'message', degraded: 'cheaper-tier; at=0.8' })
  expect(await run('explain', atOnce.id)).toMatch(
    /at 90% of everything\/day \(9\d(\.\d+)?% used\): defer left: nobody said that it may wait/,
  )
  expect(await job(waiting.id)).toMatchObject({ status: 'succeeded', message: { model: sonnet } })
  const explained = await run('explain', waiting.id)
  expect(explained).toMatch(/× 0\.5 batch/)
  expect(explained).toMatch(/at 90% of everything\/day \(9\d(\.\d+)?% used\): at once → in a batch/)
  const refusals: unknown[] = []
  for (let calls = 0; calls < 9 && refusals.length === 0; calls++) {
    await ask(`[[sim:text 4000]] last ${calls}`).catch((error: unknown) => refusals.push(error))
  }
  expect(refusals).toMatchObject([{ status: 402 }])
  await expect(ask('When you can.', short, mayWait)).rejects.toMatchObject({ status: 402 })
}, 60_000)

test('explain of a call that waits says by when it is answered, and of one that was given up that there is no bill', async () => {
  const home = makeHome()
  const gateway = await startGateway(home, simulator.url)
  const claude = new Anthropic({ apiKey: 'sk-ant-test', baseURL: gateway.url, maxRetries: 0 })
  const body = { model: haiku, max_tokens: 10, messages: [{ role: 'user', content: 'When you can.' }] }
  const { id } = await claude.post<{ id: string }>('/v1/messages', { body, headers: { 'x-runguard-defer': '6h' } })
  const { code, stderr } = await runCli(home, ['explain', id])
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/Call rg_\w+ waits: it is answered by \d{4}-.*, and recorded/),
  ])
  await claude.delete(`/runguard/jobs/${id}`)
  expect((await runCli(home, ['explain', id])).stderr).toContain('has waited, and ended without a bill: canceled')
}, 60_000)

test('routes shows what was said of answers, and what it leads to', async () => {
  const { ask, run } = await openHouse('routing:\n  mode: route\n')
  const task = { 'x-runguard-task': 'extract' }
  expect(await run('routes', 'extract')).toMatch(/small +claude-haiku-5-5 +0 +0 +→ does for the task, by the table/)
  let before = await ask('A case.', {}, task)
  expect(before.model).toBe(haiku)
  for (let calls = 0; calls < 6; calls++) {
    before = await ask(`Case ${calls}.`, {}, { ...task, 'x-runguard-feedback': `${before.id}=bad` })
  }
  expect(before.model).toBe(sonnet)
  const table = await run('routes', 'extract')
  expect(table).toMatch(/small +claude-haiku-5-5 +5 +0 +10% – 70% +\$0\.0000\d+ .*is good at extract in 40 % of cases/)
  expect(table).toMatch(/medium +claude-sonnet-5-5 .*→ the cheaper tiers fail too often/)
  const { mode, tasks } = JSON.parse(await run('routes', 'extract', '--json'))
  expect([mode, tasks.length, tasks[0].good, tasks[1].isChosen]).toEqual(['route', 3, 0, true])
}, 60_000)

test('whoever may operate the gateway says of an answer whether it was good, once', async () => {
  const { ask, run, judge } = await openHouse('routing:\n  mode: route\n')
  const { id } = await ask('A case.', {}, { 'x-runguard-task': 'extract' })
  expect(await judge({ id, ok: true })).toEqual({ status: 200, said: { learned: true } })
  expect(await judge({ id, ok: false })).toEqual({ status: 200, said: { learned: false } })
  expect(await judge({ id: 'rg_nobody', ok: false })).toEqual({ status: 200, said: { learned: false } })
  expect((await judge({ id, good: true })).status).toBe(400)
  expect(await run('routes', 'extract')).toMatch(/small +claude-haiku-5-5 +1 +1 /)
}, 60_000)
