/**
 * The yardstick: the least that a metering proxy on node:http and undici can do. It parses each body, forwards the
 * original bytes and reads the usage of the answer on the side. No checks, no record, no errors handled.
 *
 *   keep.js UPSTREAM_URL
 */

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Dispatcher, Pool } from 'undici'

const upstream = new Pool(process.argv[2] ?? '')
const NOT_FORWARDED = new Set(['host', 'connection', 'content-length', 'transfer-encoding'])
const NOT_CARRIED = new Set(['connection', 'keep-alive', 'transfer-encoding'])

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const { stream } = JSON.parse(body.toString()) as { stream: boolean }
    const headers = without(NOT_FORWARDED, request.rawHeaders)
    const path = request.url ?? '/'
    upstream.dispatch({ path, method: 'POST', headers, body }, forwardTo(response, stream === true))
  })
})

/** Names and values in turn. */
function without(dropped: ReadonlySet<string>, headers: readonly string[]): string[] {
  return headers.filter((_, at) => !dropped.has(String(headers[at & ~1]).toLowerCase()))
}

const metered = { outputTokens: 0 }

function forwardTo(response: ServerResponse, isStream: boolean): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = []
  return {
    onRequestStart() {},
    onResponseStart(controller, status) {
      response.writeHead(status, without(NOT_CARRIED, ((controller.rawHeaders ?? []) as Buffer[]).map(String)))
    },
    onResponseData(_controller, chunk) {
      response.write(chunk)
      chunks.push(chunk)
    },
    onResponseEnd() {
      response.end()
      metered.outputTokens += readOutputTokens(Buffer.concat(chunks).toString(), isStream)
    },
    onResponseError() {
      response.destroy()
    },
  }
}

interface Message {
  readonly usage: { readonly output_tokens: number }
}

function readOutputTokens(answer: string, isStream: boolean): number {
  if (!isStream) return (JSON.parse(answer) as Message).usage.output_tokens
  const last = answer.split('\n').find((line) => line.startsWith('data: {"type":"message_delta"'))
  return (JSON.parse(last?.slice('data: '.length) ?? '') as Message).usage.output_tokens
}

process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
