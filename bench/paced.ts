/**
 * An upstream that streams like a model: the head and the first events at once, then a delta every 20 ms. Each delta's
 * text is the time at which it was written, on the clock that all processes of a machine share.
 *
 *   paced.js DELTAS
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { closingEvents, deltaEvent, openingEvents } from './gateway/answers.js'

const DELTA_INTERVAL_MS = 20
const deltas = Number(process.argv[2])

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(openingEvents().join(''))
    let left = deltas
    const timer = setInterval(() => {
      response.write(deltaEvent(`at:${process.hrtime.bigint()};`))
      left--
      if (left > 0) return
      clearInterval(timer)
      response.end(closingEvents().join(''))
    }, DELTA_INTERVAL_MS)
    response.on('close', () => clearInterval(timer))
  })
})
server.keepAliveTimeout = 60_000

process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
