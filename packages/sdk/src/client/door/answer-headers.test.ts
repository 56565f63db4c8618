import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { plainHeaders, withoutOwn } from './answer-headers.js'

describe('headers that go on', () => {
  it('are all but those that speak to RunGuard', () => {
    const came = new Headers({ 'X-RunGuard-Session': 's', 'X-Api-Key': 'k', 'x-runguard-tag': 'a', Accept: '*/*' })
    came.append('accept', 'text/html')
    const kept = withoutOwn(came)
    expect(plainHeaders(kept)).toEqual({ accept: '*/*, text/html', 'x-api-key': 'k' })
    expect(came.get('x-runguard-session')).toBe('s')
  })

  it('arrive in the case and order in which they would have arrived without us', async () => {
    const seen: string[][] = []
    const server = createServer((request, response) => {
      seen.push(request.rawHeaders)
      response.end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const own = { 'X-Stainless-Lang': 'js', 'X-Api-Key': 'k', 'anthropic-version': '2023-06-01' }
    for (const headers of [new Headers(own), withoutOwn(new Headers({ 'x-runguard-user': 'u', ...own }))]) {
      await (await fetch(url, { headers })).text()
    }
    server.close()
    expect(seen[1]).toEqual(seen[0])
    expect(seen[1]).not.toContain('x-runguard-user')
    expect(seen[1]).toContain('X-Stainless-Lang')
  })
})
