import { createServer } from 'node:net'
import { APIConnectionError } from '@anthropic-ai/sdk'
import { expect, it } from 'vitest'
import { errorFromRefusal } from '../core/refusal/refusal-error.js'
import { wasNeverSent } from './send-failure.js'

const failureOf = (sending: Promise<unknown>): Promise<unknown> =>
  sending.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )

/** An address where somebody takes the connection and drops it, or nobody is. */
async function openAddress(isLeft: boolean): Promise<{ url: string; close: () => void }> {
  const server = createServer((socket) => socket.once('data', () => socket.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`
  if (isLeft) await new Promise((resolve) => server.close(resolve))
  return { url, close: () => server.close() }
}

it('where nobody listens nothing was sent, however deep a client hides it', async () => {
  const { url } = await openAddress(true)
  const error = await failureOf(fetch(url, { method: 'POST', body: 'x' }))
  expect(wasNeverSent(error)).toBe(true)
  expect(wasNeverSent(new APIConnectionError({ cause: error as Error }))).toBe(true)
})

it('a connection that breaks may have taken the request with it', async () => {
  const { url, close } = await openAddress(false)
  expect(wasNeverSent(await failureOf(fetch(url, { method: 'POST', body: 'x' })))).toBe(false)
  close()
})

it('an address that is none and a refusal of RunGuard itself reach nobody', async () => {
  expect(wasNeverSent(await failureOf(fetch('http://')))).toBe(true)
  const refusal = errorFromRefusal({ code: 'runguard_caller_gone', message: 'gone' })
  expect(wasNeverSent(new Error('lost', { cause: refusal }))).toBe(true)
})

it('what says nothing counts as sent, also where its causes go in a circle', () => {
  const circle = new Error('a')
  circle.cause = new Error('b', { cause: circle })
  for (const error of [null, undefined, 'ECONNREFUSED', {}, { code: 5 }, circle]) {
    expect(wasNeverSent(error)).toBe(false)
  }
})
