import { describe, expect, it } from 'vitest'
import { holdAnswer, readHeldBody } from './held-answer.js'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const hold = (text: string): Response =>
  holdAnswer(readHeldBody(bytesOf(text)), { status: 200, headers: { 'request-id': 'req_1' } })

describe('an answer that is here already', () => {
  it('is read like any other', async () => {
    expect(await hold('{"a":"é→"}').json()).toEqual({ a: 'é→' })
    expect(await hold('\ufeffé→').text()).toBe(await new Response(bytesOf('\ufeffé→')).text())
    expect(await new Response(hold('streamed').body).text()).toBe('streamed')
    expect(new Uint8Array(await hold('bytes').arrayBuffer())).toEqual(bytesOf('bytes'))
    expect(hold('').headers.get('request-id')).toBe('req_1')
  })

  it('is used up once it was read', async () => {
    const read = hold('{}')
    expect(read.bodyUsed).toBe(false)
    await read.json()
    expect(read.bodyUsed).toBe(true)
    await expect(read.json()).rejects.toThrow(TypeError)
    await expect(read.text()).rejects.toThrow(TypeError)
    await expect(read.arrayBuffer()).rejects.toThrow(TypeError)
    expect(() => read.clone()).toThrow(TypeError)
  })

  it('belongs to whoever reads it first', async () => {
    const streamed = hold('{}')
    const reader = streamed.body?.getReader()
    await expect(streamed.json()).rejects.toThrow(TypeError)
    expect((await reader?.read())?.value).toEqual(bytesOf('{}'))
  })

  it('can be read twice where it was cloned before', async () => {
    const one = hold('{"a":1}')
    const other = one.clone()
    expect([await one.json(), await other.json()]).toEqual([{ a: 1 }, { a: 1 }])
  })

  it("belongs to whoever got it: what is done to it changes nobody else's", async () => {
    const body = readHeldBody(bytesOf('{"usage":{"output_tokens":1}}'))
    const answer = holdAnswer(body, {})
    const other = answer.clone()
    const got = (await answer.json()) as { usage: { output_tokens: number } }
    got.usage.output_tokens = 0
    expect(await other.json()).toEqual({ usage: { output_tokens: 1 } })
    await expect(answer.json()).rejects.toThrow(TypeError)
    expect(body.text).toBe('{"usage":{"output_tokens":1}}')
  })

  it('says so where it is no JSON', async () => {
    await expect(hold('not JSON').json()).rejects.toThrow(SyntaxError)
  })
})
