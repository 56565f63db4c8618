import type { ServerResponse } from 'node:http'
import { createGzip, type Gzip } from 'node:zlib'
import { nextTurn } from './clock.js'

/** What may be wrong with the way an answer is sent. */
export interface WireOptions {
  /** The connection is closed once so many bytes of the body are sent. */
  readonly cutAfterBytes?: number
  readonly isCompressed?: boolean
}

/** A long answer without pauses lets others have their turn, and notices a client that left. */
const writesPerTurn = 16

/** An HTTP answer on its way: counts what is sent, waits for slow readers, and can break off. */
export class Wire {
  /** Fires when the connection ends before the answer does. */
  readonly gone: AbortSignal
  readonly #response: ServerResponse
  readonly #cutAfterBytes: number
  readonly #gzip: Gzip | null
  #sentBytes = 0
  #isCut = false
  #writes = 0

  constructor(response: ServerResponse, gone: AbortSignal, { cutAfterBytes, isCompressed }: WireOptions = {}) {
    this.#response = response
    this.gone = gone
    this.#cutAfterBytes = cutAfterBytes ?? Number.POSITIVE_INFINITY
    this.#gzip = isCompressed === true ? createGzip() : null
  }

  /** Bytes of the body handed to the connection. */
  get sentBytes(): number {
    return this.#sentBytes
  }

  /** Was the connection closed from this side? */
  get isCut(): boolean {
    return this.#isCut
  }

  /** Can no more be sent? */
  get isOver(): boolean {
    return this.#isCut || this.gone.aborted
  }

  /** Sends the head. */
  open(status: number, headers: Readonly<Record<string, string>>): void {
    const encoding = this.#gzip === null ? {} : { 'content-encoding': 'gzip' }
    this.#response.writeHead(status, { ...headers, ...encoding })
    if (this.#cutAfterBytes > 0) return
    this.#response.flushHeaders()
    this.cut()
  }

  /** Sends a piece of the body and waits until the connection takes more. */
  async write(text: string): Promise<void> {
    if (this.isOver) return
    await this.#send(this.#gzip === null ? Buffer.from(text) : await squeeze(this.#gzip, text))
  }

  /** Ends the body and waits until all of it has left. */
  async end(): Promise<void> {
    if (this.#gzip !== null) await this.#send(await finish(this.#gzip))
    if (this.isOver) return
    await new Promise<void>((resolve) => {
      this.gone.addEventListener('abort', () => resolve(), { once: true })
      this.#response.end(() => resolve())
    })
  }

  /** Closes the connection once what was written has left. */
  cut(): void {
    this.#isCut = true
    this.#response.socket?.destroySoon()
  }

  async #send(bytes: Buffer): Promise<void> {
    if (this.isOver) return
    const part = bytes.subarray(0, this.#cutAfterBytes - this.#sentBytes)
    this.#sentBytes += part.length
    if (part.length > 0 && !this.#response.write(part)) await drained(this.#response, this.gone)
    if (this.#sentBytes >= this.#cutAfterBytes) this.cut()
    this.#writes += 1
    if (this.#writes % writesPerTurn === 0) await nextTurn()
  }
}

function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      gone.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done)
    gone.addEventListener('abort', done, { once: true })
    if (gone.aborted) done()
  })
}

/** Compresses so that the reader can decode everything up to here. */
function squeeze(gzip: Gzip, text: string): Promise<Buffer> {
  gzip.write(text)
  return new Promise((resolve) => gzip.flush(() => resolve(taken(gzip))))
}

function finish(gzip: Gzip): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    gzip.on('data', (part: Buffer) => parts.push(part))
    gzip.once('end', () => resolve(Buffer.concat(parts)))
    gzip.end()
  })
}

function taken(gzip: Gzip): Buffer {
  const bytes: unknown = gzip.read()
  return Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0)
}
