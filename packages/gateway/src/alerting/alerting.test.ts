import {
  type AlertEvent,
  type AlertPolicy,
  type ChannelConfig,
  closedBreaker,
  defaultAlertPolicy,
  nanoUsd,
  stepBreaker,
} from '@runguard/sdk/core'
import { memoryStore } from '@runguard/sdk/store'
import { manualRuntime, sampleRecord } from '@runguard/sdk/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Receiver, startReceiver } from '../../test/receivers.js'
import { type AlertingParts, openAlerting } from './alerting.js'

const MINUTE_MS = 60_000
const SECRET = 'a-secret-of-the-receiver'

const hook = (name: string, { url }: Pick<Receiver, 'url'>): ChannelConfig => {
  return { name, kind: 'webhook', url: `${url}/in`, secret: SECRET }
}

const policyFor = (channels: readonly ChannelConfig[], changes: Partial<AlertPolicy> = {}): AlertPolicy => {
  const send = channels.map(({ name }) => name)
  return { ...defaultAlertPolicy, channels, rules: [{ send, kinds: null, least: 'info', about: null }], ...changes }
}

function crossing(team: number, at: number, changes: object = {}): AlertEvent {
  return {
    kind: 'budget',
    crossing: {
      key: `team:${team}/day|1|80`,
      budget: 'team:*/day',
      scope: `team:${team}`,
      percent: 80,
      spent: nanoUsd(80),
      limit: nanoUsd(100),
      resetsAt: at + 1_440 * MINUTE_MS,
      at,
      ...changes,
    },
  }
}

type StageParts = Partial<Omit<AlertingParts, 'store'>> & { readonly store?: ReturnType<typeof memoryStore> }

/** Alerting over a clock of the test. */
function openStage(policy: AlertPolicy, parts: StageParts = {}) {
  const runtime = manualRuntime()
  const store = parts.store ?? memoryStore()
  const alerting = openAlerting({ ...parts, store, runtime, policy })
  onTestFinished(() => {
    const closed = alerting.close()
    // Whatever still waits for an answer gives up.
    runtime.advance(MINUTE_MS)
    return closed
  })
  /** Lets time go by, second by second, and everything happen that it brings. */
  const pass = async (ms: number, stepMs = 1_000): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      runtime.advance(stepMs)
      await alerting.idle()
    }
  }
  return { runtime, store, alerting, pass }
}

const bodies = ({
  received,
}: Receiver): { action: string; delivery: string; alert: { key: string; title: string } }[] =>
  received.map(({ text }) => JSON.parse(text))

describe('an alert', () => {
  it('is told once, however often it is said, and ends with its window', async () => {
    const receiver = await startReceiver()
    const { runtime, alerting, pass } = openStage(policyFor([hook('a', receiver)]))
    for (let times = 0; times < 5; times++) alerting.tell(crossing(1, runtime.now()))
    await alerting.idle()
    expect(bodies(receiver).map(({ action }) => action)).toEqual(['trigger'])
    await pass(1_441 * MINUTE_MS, MINUTE_MS)
    expect(bodies(receiver).map(({ action }) => action)).toEqual(['trigger', 'resolve'])
    expect(await alerting.alerts({ status: 'resolved', limit: 9 })).toHaveLength(1)
  })

  it('is told once by two gateways on one store', async () => {
    const receiver = await startReceiver()
    const policy = policyFor([hook('a', receiver)])
    const first = openStage(policy)
    const second = openStage(policy, { store: first.store })
    for (let team = 0; team < 10; team++) {
      for (const { alerting, runtime } of [first, second]) alerting.tell(crossing(team, runtime.now()))
    }
    await Promise.all([first.pass(3_000), second.pass(3_000)])
    const keys = bodies(receiver).map(({ alert }) => alert.key)
    expect(keys).toHaveLength(10)
    expect(new Set(keys).size).toBe(10)
  })

  it('about a breaker ends when it closes, and is not told again while it opens and tries', async () => {
    const receiver = await startReceiver()
    const { runtime, store, alerting, pass } = openStage(policyFor([hook('a', receiver)]))
    const trip = { kind: 'trip', cause: { kind: 'loop', stops: 3 }, at: runtime.now(), coolDownMs: 1_000 } as const
    const open = stepBreaker(closedBreaker('team:web'), trip)
    await store.changeBreaker(open)
    alerting.tell({ kind: 'breaker', breaker: open })
    await alerting.idle()
    const probed = stepBreaker(open, { kind: 'probe', call: 'c', at: runtime.now() + 2_000 })
    const again = stepBreaker(probed, { kind: 'ended', call: 'c', outcome: 'bad', at: runtime.now() + 2_000 })
    alerting.tell({ kind: 'breaker', breaker: again })
    await pass(20_000)
    expect(bodies(receiver)).toHaveLength(1)
    for (const step of [probed, again]) await store.changeBreaker(step)
    await store.changeBreaker(stepBreaker(again, { kind: 'release', at: runtime.now() }))
    await pass(20_000)
    expect(bodies(receiver).map(({ action }) => action)).toEqual(['trigger', 'resolve'])
  })

  it('that nobody kept before the process died is found at the next start', async () => {
    const receiver = await startReceiver()
    const store = memoryStore()
    const trip = { kind: 'trip', cause: { kind: 'loop', stops: 3 }, at: 5, coolDownMs: 1_000 } as const
    await store.changeBreaker(stepBreaker(closedBreaker('team:web'), trip))
    const { pass } = openStage(policyFor([hook('a', receiver)]), { store })
    await pass(2_000)
    expect(bodies(receiver).map(({ alert }) => alert.title)).toEqual(['The breaker of team:web is open'])
  })

  it('about an old price list ends when a newer one is in force', async () => {
    const receiver = await startReceiver()
    const policy = policyFor([hook('a', receiver)])
    const first = openStage(policy, { prices: { version: 'v1', asOf: Date.UTC(2026, 8, 1) } })
    await first.pass(2_000)
    await first.alerting.close()
    const second = openStage(policy, { prices: { version: 'v2', asOf: Date.UTC(2026, 10, 1) }, store: first.store })
    await second.pass(20_000)
    expect(bodies(receiver).map(({ action }) => action)).toEqual(['trigger', 'resolve'])
  })

  it('carries the head of the audit log, and goes out without it where that cannot be read', async () => {
    const receiver = await startReceiver()
    let head: string | null = 'head-1'
    const auditHead = async () => {
      if (head === null) throw new Error('no audit log')
      return head
    }
    const { runtime, alerting } = openStage(policyFor([hook('a', receiver)]), { auditHead })
    alerting.tell(crossing(1, runtime.now()))
    await alerting.idle()
    head = null
    alerting.tell(crossing(2, runtime.now()))
    await alerting.idle()
    expect(bodies(receiver)).toMatchObject([{ alert: { auditHead: 'head-1' } }, { alert: { auditHead: null } }])
  })
})

describe('what is usual here', () => {
  it('is known from the calls before the start', async () => {
    const receiver = await startReceiver()
    const store = memoryStore()
    const start = Date.UTC(2026, 10, 25)
    const call = (id: number, at: number, dollars: number) =>
      sampleRecord({ id: `c${id}`, startedAt: at, cost: { ...sampleRecord().cost, nano: nanoUsd(dollars * 1e9) } })
    await store.addRecords(Array.from({ length: 40 }, (_, index) => call(index, start + index * 5 * MINUTE_MS, 1)))
    const { alerting } = openStage(policyFor([hook('a', receiver)]), { store })
    alerting.tell({ kind: 'record', record: call(99, start + 300 * MINUTE_MS, 30) })
    await alerting.idle()
    expect(bodies(receiver).map(({ alert }) => alert.title)).toEqual(['$30.00 were spent within five minutes'])
  })
})

describe('a receiver that is down', () => {
  it('for ten minutes gets every alert when it is back, each once, and in its order', async () => {
    const first = await startReceiver()
    const { port } = new URL(first.url)
    const { runtime, alerting, pass } = openStage(policyFor([hook('a', first)]))
    await first.close()
    for (let team = 0; team < 20; team++)
      alerting.tell(crossing(team, runtime.now(), { resetsAt: runtime.now() + MINUTE_MS }))
    await pass(10 * MINUTE_MS)
    expect((await alerting.deliveries({ status: 'delivered', limit: 100 })).length).toBe(0)
    const waiting = await alerting.deliveries({ status: 'waiting', limit: 100 })
    const tried = waiting.filter(({ action }) => action === 'trigger')
    expect(tried.map(({ lastError }) => lastError)).toEqual(Array(20).fill('ECONNREFUSED'))
    expect(waiting.some(({ action, attempts }) => action === 'resolve' && attempts > 0)).toBe(false)
    const back = await startReceiver(undefined, Number(port))
    await pass(12 * MINUTE_MS)
    const told = bodies(back).map(({ action, alert }) => `${alert.key} ${action}`)
    expect(told).toHaveLength(40)
    expect(new Set(told).size).toBe(40)
    for (let team = 0; team < 20; team++) {
      const mine = told.filter((each) => each.startsWith(`budget|team:${team}/day|`))
      expect(mine.map((each) => each.split(' ')[1])).toEqual(['trigger', 'resolve'])
    }
    expect(await alerting.deliveries({ status: 'waiting', limit: 100 })).toEqual([])
  })

  it('for longer than it is waited for is told of elsewhere, and never of itself', async () => {
    const [good, bad] = [await startReceiver(), await startReceiver((_, response) => response.writeHead(500).end())]
    const policy = policyFor([hook('good', good), hook('bad', bad)], { giveUpAfterMs: 10 * MINUTE_MS })
    const { runtime, alerting, pass } = openStage(policy)
    alerting.tell(crossing(1, runtime.now()))
    await pass(11 * MINUTE_MS)
    const titles = bodies(good).map(({ alert }) => alert.title)
    expect(titles).toContain('Alerts do not reach the channel bad')
    expect(bodies(bad).some(({ alert }) => alert.title.includes('do not reach'))).toBe(false)
    expect(await alerting.deliveries({ channel: 'bad', status: 'failed', limit: 9 })).toMatchObject([
      { lastError: 'HTTP 500', alert: { kind: 'budget' } },
    ])
  })

  it('is left alone as long as it asks', async () => {
    let isBusy = true
    const receiver = await startReceiver((_, response) => {
      if (isBusy) response.writeHead(429, { 'retry-after': '90' }).end()
      else response.end()
    })
    const { runtime, alerting, pass } = openStage(policyFor([hook('a', receiver)]))
    alerting.tell(crossing(1, runtime.now()))
    await alerting.idle()
    isBusy = false
    await pass(89_000)
    expect(receiver.received).toHaveLength(1)
    await pass(2_000)
    expect(receiver.received).toHaveLength(2)
    expect(new Set(bodies(receiver).map(({ delivery }) => delivery)).size).toBe(1)
  })

  it('by hanging delays neither another channel nor whoever tells', async () => {
    const hanging = await startReceiver(() => {})
    const good = await startReceiver()
    const { runtime, alerting } = openStage(policyFor([hook('hanging', hanging), hook('good', good)]))
    for (let team = 0; team < 4; team++) alerting.tell(crossing(team, runtime.now()))
    await good.until(4)
    await hanging.until(4)
    expect(await alerting.deliveries({ channel: 'hanging', status: 'delivered', limit: 9 })).toEqual([])
    runtime.advance(10_000)
    await alerting.idle()
    const [late] = await alerting.deliveries({ channel: 'hanging', limit: 1 })
    expect(late?.lastError).toBe('no answer within 10 s')
  })
})

describe('a store that is away', () => {
  it('is told of at once although nothing can be kept, and what was told meanwhile follows', async () => {
    const receiver = await startReceiver()
    const store = memoryStore()
    let isAway = false
    const away = new Proxy(store, {
      get: (target, name, self) => {
        const value: unknown = Reflect.get(target, name, self)
        if (!isAway || typeof value !== 'function') return value
        return async () => {
          throw new Error('disk full')
        }
      },
    })
    const { runtime, alerting, pass } = openStage(policyFor([hook('a', receiver)]), { store: away })
    await alerting.idle()
    isAway = true
    alerting.tell(crossing(1, runtime.now()))
    await pass(MINUTE_MS)
    expect(bodies(receiver).map(({ alert }) => alert.title)).toEqual(['The store cannot be written'])
    isAway = false
    await pass(20_000)
    expect(bodies(receiver).map(({ action, alert }) => `${alert.title}: ${action}`)).toEqual([
      'The store cannot be written: trigger',
      '80% of the budget team:*/day for team:1 is used: trigger',
      'The store cannot be written: resolve',
    ])
    expect((await alerting.alerts({ limit: 9 })).map(({ kind }) => kind).sort()).toEqual(['budget', 'store'])
  })
})

describe('an operator', () => {
  it('tests a channel and is told what became of it', async () => {
    const [good, bad] = [await startReceiver(), await startReceiver((_, response) => response.writeHead(500).end('no'))]
    const { alerting } = openStage(policyFor([hook('good', good), hook('bad', bad)]))
    expect(await alerting.test('good')).toMatchObject({ status: 'delivered', attempts: 1 })
    expect(await alerting.test('bad')).toMatchObject({ status: 'failed', lastError: 'HTTP 500: no' })
    expect(await alerting.test('none')).toBeNull()
    expect(await alerting.alerts({ status: 'open', limit: 9 })).toEqual([])
    expect(await alerting.channels()).toMatchObject([
      { name: 'good', kind: 'webhook', place: expect.stringMatching(/^127/), last: { status: 'delivered' } },
      { name: 'bad', last: { status: 'failed' } },
    ])
  })

  it('sends a message once more, as a new one', async () => {
    const receiver = await startReceiver()
    const { runtime, alerting } = openStage(policyFor([hook('a', receiver)]))
    alerting.tell(crossing(1, runtime.now()))
    await alerting.idle()
    const [sent] = await alerting.deliveries({ limit: 1 })
    const again = await alerting.resend(sent?.id ?? '')
    await alerting.idle()
    expect(again).toMatchObject({ resendOf: sent?.id })
    expect(bodies(receiver).map(({ delivery }) => delivery)).toEqual([sent?.id, again?.id])
    expect(await alerting.resend('none')).toBeNull()
  })

  it('acknowledges an alert once, and programs hear of it', async () => {
    const receiver = await startReceiver()
    const { runtime, alerting } = openStage(policyFor([hook('a', receiver)]))
    alerting.tell(crossing(1, runtime.now()))
    await alerting.idle()
    const [alert] = await alerting.alerts({ status: 'open', limit: 1 })
    expect(await alerting.acknowledge(alert?.id ?? '', 'alice')).toMatchObject({ acknowledged: { by: 'alice' } })
    expect(await alerting.acknowledge(alert?.id ?? '', 'bob')).toBeNull()
    await alerting.idle()
    expect(bodies(receiver).map(({ action }) => action)).toEqual(['trigger', 'acknowledge'])
  })

  it('finds no more history than is to be kept, and nothing waiting for a channel that is gone', async () => {
    const receiver = await startReceiver()
    const policy = policyFor([hook('a', receiver), hook('old', { url: 'http://127.0.0.1:1' })], {
      keepMs: 60 * MINUTE_MS,
    })
    const first = openStage(policy)
    first.alerting.tell(crossing(1, first.runtime.now(), { resetsAt: first.runtime.now() + MINUTE_MS }))
    await first.pass(2 * MINUTE_MS)
    await first.alerting.close()
    const second = openStage({ ...policy, channels: policy.channels.slice(0, 1) }, { store: first.store })
    await second.pass(28 * 60 * MINUTE_MS, 5 * MINUTE_MS)
    expect(await second.alerting.deliveries({ limit: 9 })).toEqual([])
    expect(await second.alerting.alerts({ limit: 9 })).toEqual([])
  })
})
