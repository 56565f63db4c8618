/** A place that alerts go to. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What has arrived, the oldest first. */
export interface Receiver {
  readonly url: string
  readonly bodies: readonly string[]
  close(): Promise<void>
}

/** Takes everything. */
export async function openReceiver(): Promise<Receiver> {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    bodies.push(Buffer.concat(chunks).toString())
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`,
    bodies,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
