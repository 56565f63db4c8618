import { type Account, compileBudgets, loadPriceBook, nanoUsd, priceList, readConfig } from '@runguard/sdk/core'
import { systemRuntime } from '@runguard/sdk/engine'
import { sampleRecord } from '@runguard/sdk/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CallSums } from '../src/telemetry/call-sums.js'
import { type MetricsParts, openMetrics } from '../src/telemetry/metrics.js'
import { openTelemetry } from '../src/telemetry/telemetry.js'
import { answerBody, httpUpstream, messagesBody, post, startHouse } from './harness.js'
import { type Receiver, startReceiver } from './receivers.js'

const book = loadPriceBook(priceList)
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

function metricsOver(parts: Partial<MetricsParts> = {}) {
  const sums = new CallSums(book)
  const none = { balances: async () => [], budgets: () => compileBudgets([]), running: () => 0 }
  return { sums, metrics: openMetrics({ sums, version: '1.2.3', ...none, ...parts }) }
}

/** The samples of one metric: its labels as they stand there, and its value. */
function samplesOf(text: string, name: string): [labels: string, value: number][] {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines.map((line) => {
    const end = line.lastIndexOf(' ')
    return [line.slice(name.length, end), Number(line.slice(end + 1))]
  })
}

describe('metrics', () => {
  it('add up to the ledger, to the nano-dollar', async () => {
    const models = ['claude-sonnet-5-5', 'claude-opus-5-5', 'claude-haiku-4-5']
    let turn = 0
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      turn += 1
      const usage = { input_tokens: 1 + turn * 17, output_tokens: 3 + turn * 7, cache_read_input_tokens: turn * 1_001 }
      const answer = { ...JSON.parse(answerBody), model: models[turn % models.length], usage }
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    })
    const { gateway, store, records } = await startHouse(upstream)
    for (let call = 0; call < 30; call++) {
      const body = messagesBody.replace('claude-sonnet-5-5', models[(call + 1) % models.length] ?? '')
      await (await post(gateway.url, body)).text()
    }
    const { metrics } = metricsOver()
    for (const record of await records(30)) metrics.record(record)
    // Ready is who has everything in the store.
    expect((await fetch(`${gateway.url}/runguard/ready`)).status).toBe(200)
    const [total] = await store.report({ groupBy: 'total' })
    const text = await metrics.text()
    const samples = samplesOf(text, 'runguard_cost_usd_total')
    expect(samples).toHaveLength(3)
    const nano = samples.map(([, usd]) => Math.round(usd * 1e9)).reduce((sum, each) => sum + each, 0)
    expect(nano).toBe(total?.costNano)
    expect(nano).toBeGreaterThan(0)
    const tokens = samplesOf(text, 'runguard_tokens_total').reduce((sum, [, count]) => sum + count, 0)
    expect(tokens).toBe((total?.input ?? 0) + (total?.read ?? 0) + (total?.output ?? 0))
    expect(samplesOf(text, 'runguard_calls_total').reduce((sum, [, count]) => sum + count, 0)).toBe(30)
    expect(
      samplesOf(text, 'gen_ai_client_operation_duration_seconds_count').reduce((sum, [, count]) => sum + count, 0),
    ).toBe(30)
  })

  it('stay as few as they are, whatever callers name their models, tasks, projects and teams', async () => {
    const { metrics } = metricsOver()
    for (let index = 0; index < 3_000; index++) {
      const name = `evil"\n{}\\${index}`
      const scope = { ...sampleRecord().scope, task: name, project: name, session: name, team: name, tags: [name] }
      const unknown = { requestedModel: name, servedModel: name, errorCode: name }
      metrics.record(sampleRecord({ ...unknown, scope, ending: { kind: 'not-billed', reason: 'refused' } }))
      metrics.record(sampleRecord({ scope }))
    }
    const text = await metrics.text()
    expect(text.split('\n').length).toBeLessThan(400)
    expect(samplesOf(text, 'runguard_cost_usd_total').map(([labels]) => labels)).toEqual([
      '{model="other"}',
      '{model="claude-opus-5-5"}',
    ])
    expect(samplesOf(text, 'runguard_denied_total')).toEqual([['{reason="other"}', 3_000]])
    expect(samplesOf(text, 'runguard_team_cost_usd_total')).toHaveLength(101)
  })

  it('show what is refused, saved and lost, and how budgets stand', async () => {
    const each = ['team:*', 'user:*', 'user:boss'].map((scope) => ({ scope, limit: 20, window: 'day' }))
    const reading = readConfig({ budgets: [...each, { scope: 'session:*', limit: 1 }] })
    const budgets = compileBudgets(reading.kind === 'config' ? reading.config.budgets : [])
    const account = (budget: string, scope: string, spent = 5e9): Account => ({
      ...{ key: scope, budget, scope, windowStart: 0, windowEnd: null, isEnforced: true, entryCount: 1 },
      ...{ limit: nanoUsd(20e9), spent: nanoUsd(spent), held: nanoUsd(1e9) },
    })
    const users = Array.from({ length: 2_000 }, (_, index) => account('user:*/day', `user:evil${index}`, index * 1e6))
    const balances = async () => [
      account('team:*/day', 'team:web'),
      account('session:*/session', 'session:x'),
      account('user:boss/day', 'user:boss'),
      ...users,
    ]
    const { metrics } = metricsOver({ balances, budgets: () => budgets, running: () => 3 })
    const cache = { savedNano: -500 } as NonNullable<ReturnType<typeof sampleRecord>['cache']>
    metrics.record(sampleRecord({ cache }))
    metrics.record(sampleRecord({ cache: { ...cache, savedNano: 2_000 } }))
    const refused = {
      ending: { kind: 'not-billed', reason: 'refused' },
      errorCode: 'runguard_budget_exceeded',
    } as const
    metrics.record(sampleRecord(refused))
    const text = await metrics.text()
    expect(samplesOf(text, 'runguard_saved_usd_total')).toEqual([['{lever="cache"}', 0.000002]])
    expect(samplesOf(text, 'runguard_lost_usd_total')).toEqual([['{lever="cache"}', 5e-7]])
    expect(samplesOf(text, 'runguard_denied_total')).toEqual([['{reason="budget_exceeded"}', 1]])
    const web = '{budget="team:*/day",scope="team:web"}'
    expect(samplesOf(text, 'runguard_budget_used_ratio')).toEqual([
      [web, 0.25],
      ['{budget="user:boss/day",scope="user:boss"}', 0.25],
      ['{budget="user:*/day",scope="user:*"}', 0.09995],
    ])
    expect(samplesOf(text, 'runguard_budget_remaining_usd')[0]).toEqual([web, 14])
    expect(samplesOf(text, 'runguard_calls_running')).toEqual([['', 3]])
    expect(samplesOf(text, 'runguard_build_info')).toEqual([['{version="1.2.3"}', 1]])
  })
})

interface Posted {
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Readonly<Record<string, never>>
}

const posted = ({ received }: Receiver, path: string): Posted[] =>
  received
    .filter((message) => message.path === path)
    .map(({ headers, text }) => ({ path, headers, body: JSON.parse(text) }))

async function openExport(receiver: Receiver) {
  const reading = readConfig({
    telemetry: { otlp: { endpoint: receiver.url, headers: { authorization: 'Bearer PLANTED' }, interval: '200ms' } },
  })
  const policy = reading.kind === 'config' ? reading.config.telemetry : undefined
  if (policy === undefined) throw new Error('no telemetry')
  const sums = new CallSums(book)
  const lines: string[] = []
  const write = (event: string, fields?: object): void => void lines.push(`${event} ${JSON.stringify(fields)}`)
  const runtime = systemRuntime({ info: write, warn: write, error: write })
  const telemetry = await openTelemetry({ policy, runtime, version: '1.2.3', sums })
  onTestFinished(() => telemetry.close())
  return { telemetry, sums, lines }
}

/** OTLP as JSON, as far as it is looked at. */
interface OtlpValue {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly doubleValue?: number
  readonly boolValue?: boolean
}
interface OtlpSpan {
  readonly traceId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: OtlpValue }[]
  readonly status: { readonly code?: number; readonly message?: string }
}

function spansOf(receiver: Receiver): OtlpSpan[] {
  return posted(receiver, '/v1/traces').flatMap(({ body }) => {
    const { resourceSpans } = body as unknown as { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] }
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
  })
}

const attributesOf = ({ attributes }: OtlpSpan) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue ?? value.doubleValue)]),
  )

describe('OpenTelemetry', () => {
  it('tells of each call as a child of the span in which its caller made it, and the header goes on', async () => {
    const receiver = await startReceiver((_, response) =>
      response.setHeader('content-type', 'application/json').end('{}'),
    )
    const seen: (string | undefined)[] = []
    const upstream = await httpUpstream((request, response) => {
      seen.push(request.headers.traceparent as string | undefined)
      request.resume()
      response.setHeader('content-type', 'application/json').setHeader('request-id', 'req_1').end(answerBody)
    })
    const { gateway, records } = await startHouse(upstream)
    const header = `00-${TRACE}-${SPAN}-01`
    await (await post(gateway.url, messagesBody, { traceparent: header, 'x-claude-code-session-id': 's1' })).text()
    expect(seen).toEqual([header])
    const [record] = await records(1)
    if (record === undefined) throw new Error('no record')
    expect(record.trace).toEqual({ traceId: TRACE, spanId: SPAN, isSampled: true })
    const { telemetry } = await openExport(receiver)
    telemetry.record(record)
    await telemetry.close()
    const [span] = spansOf(receiver)
    if (span === undefined) throw new Error('no span')
    expect(span).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, name: 'chat claude-sonnet-5-5', kind: 3 })
    expect(Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6).toBeCloseTo(
      record.durationMs,
      1,
    )
    expect(attributesOf(span)).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': 'claude-sonnet-5-5',
      'gen_ai.response.id': 'req_1',
      'gen_ai.conversation.id': 's1',
      'gen_ai.usage.input_tokens': 120,
      'gen_ai.usage.output_tokens': 90,
      'runguard.cost.nano_usd': record.cost.nano,
    })
    const everything = receiver.received.map(({ text }) => text).join()
    expect(everything).not.toContain('Why is the sky blue')
    expect(everything).not.toContain('Rayleigh')
    expect(receiver.received[0]?.headers.authorization).toBe('Bearer PLANTED')
  })

  it('tells what went wrong, and nothing of calls whose caller does not keep its trace', async () => {
    const receiver = await startReceiver((_, response) => response.end('{}'))
    const { telemetry } = await openExport(receiver)
    telemetry.record(sampleRecord({ id: 'a', errorCode: 'runguard_budget_exceeded', status: null, usage: null }))
    telemetry.record(sampleRecord({ id: 'b', trace: { traceId: TRACE, spanId: SPAN, isSampled: false } }))
    await telemetry.close()
    const spans = spansOf(receiver)
    expect(spans).toHaveLength(1)
    expect(spans[0]?.status).toMatchObject({ code: 2, message: 'runguard_budget_exceeded' })
    expect(spans[0]?.parentSpanId ?? '').toBe('')
  })

  it('counts money in whole nano-dollars, as the ledger has it', async () => {
    const receiver = await startReceiver((_, response) => response.end('{}'))
    const { telemetry, sums } = await openExport(receiver)
    const nano = 4_503_599_627_370_497
    for (const record of [sampleRecord({ cost: { ...sampleRecord().cost, nano: nanoUsd(nano) } }), sampleRecord()]) {
      sums.addRecord(record)
      telemetry.record(record)
    }
    await telemetry.close()
    const text = posted(receiver, '/v1/metrics')
      .map(({ body }) => JSON.stringify(body))
      .join()
    expect(text).toContain('"name":"runguard.cost"')
    expect(text).toContain(`"asInt":${nano + 1_000_000}`)
    for (const name of ['gen_ai.client.operation.duration', 'gen_ai.client.token.usage', 'service.name']) {
      expect(text).toContain(name)
    }
  })

  it('says in the log that a receiver takes nothing, without what it was sent', async () => {
    const receiver = await startReceiver((_, response) => response.writeHead(400).end('bad Bearer PLANTED'))
    const { telemetry, lines } = await openExport(receiver)
    telemetry.record(sampleRecord())
    await telemetry.close()
    expect(lines.join()).toContain('telemetry-not-sent')
    expect(lines.join()).not.toContain('PLANTED')
  })

  it('is nothing where nothing is configured', async () => {
    const policy = { serviceName: 'x', otlp: null }
    const telemetry = await openTelemetry({ policy, runtime: systemRuntime(), version: '1', sums: new CallSums(book) })
    telemetry.record(sampleRecord())
    await telemetry.close()
  })
})
