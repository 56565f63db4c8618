import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from './api-error.js'
import { type Fault, readFault } from './faults.js'
import { type RunningSimulator, startSimulator } from './server.js'

let simulator: RunningSimulator

beforeAll(async () => {
  simulator = await startSimulator()
})
beforeEach(() => simulator.reset())
afterAll(async () => {
  await simulator.close()
})

interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
  readonly isWhole: boolean
}

const headers = { 'x-api-key': 'sk-ant-test', 'anthropic-version': '2026-10-21', 'content-type': 'application/json' }

/** Sends a message and takes whatever comes back, broken or not. */
function send(isStream: boolean, text = '[[sim:text 100]]'): Promise<Received> {
  const body = JSON.stringify({
    model: 'claude-opus-5-5',
    max_tokens: 1000,
    stream: isStream,
    messages: [{ role: 'user', content: text }],
  })
  return new Promise((resolve) => {
    let received: Received = { status: 0, headers: {}, body: Buffer.alloc(0), isWhole: false }
    const outgoing = request(`${simulator.url}/v1/messages`, { method: 'POST', headers, agent: false }, (response) => {
      received = { ...received, status: response.statusCode ?? 0, headers: response.headers }
      const chunks: Buffer[] = []
      const done = () => resolve({ ...received, body: Buffer.concat(chunks), isWhole: response.complete })
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', done)
      response.on('error', done)
    })
    outgoing.on('error', () => resolve(received))
    outgoing.end(body)
  })
}

async function sendWith(fault: Fault, isStream: boolean): Promise<Received> {
  simulator.fault(fault)
  const received = await send(isStream)
  await simulator.idle()
  return received
}

const fullCost = 100

describe('a fault', () => {
  it('closes the connection before the head, and bills nothing', async () => {
    expect(await sendWith({ kind: 'cut-before-head' }, true)).toMatchObject({ status: 0 })
    expect(simulator.log).toMatchObject([{ status: 0, ending: 'cut', isBilled: false, fault: 'cut-before-head' }])
  })

  it.each([true, false])('closes the connection after so many bytes (stream: %s)', async (isStream) => {
    const received = await sendWith({ kind: 'cut', afterBytes: 333 }, isStream)
    expect(received).toMatchObject({ status: 200, isWhole: false })
    expect(received.body.length).toBe(333)
    expect(simulator.log).toMatchObject([{ ending: 'cut', sentBytes: 333, isBilled: true }])
  })

  it('closes the connection after the head', async () => {
    const received = await sendWith({ kind: 'cut', afterBytes: 0 }, true)
    expect(received).toMatchObject({ status: 200, isWhole: false })
    expect(received.body.length).toBe(0)
  })

  it('closes the connection after the last event', async () => {
    const received = await sendWith({ kind: 'cut-at-end' }, true)
    expect(received.isWhole).toBe(false)
    expect(received.body.toString()).toContain('event: message_stop')
    expect(simulator.log[0]?.usage?.output_tokens).toBe(fullCost)
  })

  it('puts an error event in the place of the rest', async () => {
    const received = await sendWith({ kind: 'error-event', afterEvents: 5 }, true)
    const events = received.body.toString().match(/^event: .*/gm)
    expect(events).toHaveLength(6)
    expect(events?.at(-1)).toBe('event: error')
    expect(received.body.toString()).toContain('"overloaded_error"')
    expect(simulator.log).toMatchObject([
      { status: 200, ending: 'error', errorType: 'overloaded_error', isBilled: true },
    ])
    expect(simulator.log[0]?.usage?.output_tokens).toBeLessThan(fullCost)
  })

  it('slips in an event that is not JSON', async () => {
    const received = await sendWith({ kind: 'malformed-event', afterEvents: 2 }, true)
    const data = received.body.toString().match(/^data: .*/gm) ?? []
    const broken = data.filter((line) => !isJson(line.slice(6)))
    expect(broken).toHaveLength(1)
    expect(received.body.toString()).toContain('event: message_stop')
  })

  it('leaves out message_stop', async () => {
    const received = await sendWith({ kind: 'no-stop' }, true)
    expect(received.isWhole).toBe(true)
    expect(received.body.toString()).toContain('event: message_delta')
    expect(received.body.toString()).not.toContain('message_stop')
    expect(simulator.log).toMatchObject([{ ending: 'cut', usage: { output_tokens: fullCost } }])
  })

  it('ends a JSON body in the middle', async () => {
    const received = await sendWith({ kind: 'malformed-json' }, false)
    expect(received).toMatchObject({ status: 200, isWhole: true })
    expect(isJson(received.body.toString())).toBe(false)
  })

  it.each([-20, 20])('declares a length that is off by %i', async (differenceBytes) => {
    const received = await sendWith({ kind: 'wrong-length', differenceBytes }, false)
    const sent = simulator.log[0]?.sentBytes ?? 0
    expect(Number(received.headers['content-length'])).toBe(sent + differenceBytes)
  })

  it.each([true, false])('leaves out usage (stream: %s), and bills all the same', async (isStream) => {
    const received = await sendWith({ kind: 'no-usage' }, isStream)
    expect(received.body.toString()).not.toContain('usage')
    expect(simulator.log).toMatchObject([{ ending: 'complete', usage: { output_tokens: fullCost } }])
  })

  it.each([true, false])('compresses (stream: %s)', async (isStream) => {
    const plain = await send(isStream)
    const received = await sendWith({ kind: 'gzip' }, isStream)
    expect(received.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(received.body).length).toBe(plain.body.length)
  })

  it('comes once for each time it was queued, in order', async () => {
    simulator.fault({ kind: 'status', status: 529 }, { times: 2 })
    simulator.fault({ kind: 'status', status: 500 })
    const statuses: number[] = []
    for (let round = 0; round < 4; round += 1) statuses.push((await send(false)).status)
    expect(statuses).toEqual([529, 529, 500, 200])
  })

  it('carries retry-after and a code', async () => {
    const fault = { kind: 'status', status: 429, errorCode: 'ramp_limit_exceeded', retryAfterSeconds: 7 } as const
    const received = await sendWith(fault, false)
    expect(received.headers['retry-after']).toBe('7')
    expect(JSON.parse(received.body.toString())).toMatchObject({
      type: 'error',
      error: { type: 'rate_limit_error', details: { error_code: 'ramp_limit_exceeded' } },
      request_id: received.headers['request-id'],
    })
  })

  it('at any byte of a stream leaves a log entry that bills no less than what arrived', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2600 }), async (afterBytes) => {
        simulator.reset()
        const received = await sendWith({ kind: 'cut', afterBytes }, true)
        expect(received.body.length).toBeLessThanOrEqual(afterBytes)
        const text = [...received.body.toString().matchAll(/"text_delta","text":"([^"]*)"\}/g)]
          .map(([, part]) => part)
          .join('')
        expect(simulator.log[0]?.usage?.output_tokens).toBeGreaterThanOrEqual(Math.ceil(text.length / 3))
      }),
      { numRuns: 40 },
    )
  })
})

describe('a client that leaves', () => {
  /** Sends a request and leaves once `when` says so: while sending, or so many bytes into the answer. */
  function leave(text: string, isStream: boolean, afterBytes: number): Promise<void> {
    const body = JSON.stringify({
      model: 'claude-opus-5-5',
      max_tokens: 90_000,
      stream: isStream,
      messages: [{ role: 'user', content: text }],
    })
    return new Promise((resolve) => {
      const outgoing = request(`${simulator.url}/v1/messages`, { method: 'POST', headers, agent: false })
      outgoing.on('error', () => resolve())
      outgoing.on('close', () => resolve())
      outgoing.on('response', (response) => {
        let bytes = 0
        response.on('error', () => undefined)
        response.on('data', (chunk) => {
          bytes += chunk.length
          if (bytes >= afterBytes) outgoing.destroy()
        })
      })
      outgoing.end(body, () => {
        if (afterBytes === 0) void untilServing().then(() => outgoing.destroy())
      })
    })
  }

  async function untilServing(): Promise<void> {
    while (simulator.inFlight() === 0) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }

  it('before the first byte of a stream pays for the input alone', async () => {
    await leave('[[sim:first-byte 600000]] [[sim:text 50]]', true, 0)
    await simulator.idle()
    expect(simulator.log).toMatchObject([{ status: 0, ending: 'aborted', isBilled: true, usage: { output_tokens: 0 } }])
    expect(simulator.log[0]?.usage?.input_tokens).toBeGreaterThan(0)
  })

  it('before a JSON answer pays for all of it', async () => {
    await leave('[[sim:first-byte 600000]] [[sim:text 50]]', false, 0)
    await simulator.idle()
    expect(simulator.log).toMatchObject([
      { status: 0, ending: 'aborted', isBilled: true, usage: { output_tokens: 50 } },
    ])
  })

  it('gives up on silence, and pays nothing', async () => {
    await leave('[[sim:fault hang]]', true, 0)
    await simulator.idle()
    expect(simulator.log).toMatchObject([{ status: 0, ending: 'aborted', isBilled: false, fault: 'hang' }])
  })

  it('in the middle of a long stream stops the generation', async () => {
    await leave('[[sim:text 80000]]', true, 20_000)
    await simulator.idle()
    expect(simulator.log).toMatchObject([{ status: 200, ending: 'aborted', isBilled: true }])
    expect(simulator.log[0]?.usage?.output_tokens).toBeLessThan(80_000)
  })
})

describe('a fault given as JSON', () => {
  it.each<[unknown, string]>([
    [{ kind: 'nonsense' }, 'kind: Input should be one of'],
    [{ kind: 'cut' }, 'afterBytes: Input should be a number'],
    [{ kind: 'cut', afterBytes: 1, extra: 2 }, "extra: not a field of the fault 'cut'"],
    [{ kind: 'status', status: 200 }, 'status: Input should be between'],
    [{ kind: 'status', status: 429, headers: { a: 1 } }, 'headers: Input should be a headers'],
    [{ kind: 'status', status: 429, headers: { 'a b': 'c' } }, 'headers: Input should be a headers'],
    [{ kind: '__proto__' }, 'kind: Input should be one of'],
    ['cut', 'fault: Input should be an object'],
  ])('%j is refused', (value, message) => {
    expect(() => readFault(value as Parameters<typeof readFault>[0])).toThrow(ApiError)
    expect(() => readFault(value as Parameters<typeof readFault>[0])).toThrow(message)
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
