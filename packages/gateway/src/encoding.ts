/** Content codings: reading compressed requests, and compressed answers beside the stream. */

import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import zlib from 'node:zlib'

type Decode = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>

/** zstd came to Node in 22.15; where it is missing the coding is simply not supported. */
const zstd = zlib as unknown as {
  zstdDecompress?: Parameters<typeof promisify>[0]
  createZstdDecompress?: () => Transform
}

const DECODERS = new Map<string, Decode>([
  ['gzip', promisify(zlib.gunzip) as Decode],
  ['x-gzip', promisify(zlib.gunzip) as Decode],
  ['deflate', promisify(zlib.inflate) as Decode],
  ['br', promisify(zlib.brotliDecompress) as Decode],
])
if (zstd.zstdDecompress !== undefined) DECODERS.set('zstd', promisify(zstd.zstdDecompress) as unknown as Decode)

/** The body names a coding that cannot be read here. */
export class UnsupportedEncodingError extends Error {
  override readonly name = 'UnsupportedEncodingError'
}

/** The body grows beyond the limit when decoded. */
export class DecodedTooLargeError extends Error {
  override readonly name = 'DecodedTooLargeError'
}

/** The body is not what its coding says. */
export class CorruptEncodingError extends Error {
  override readonly name = 'CorruptEncodingError'
}

function codings(header: string | undefined): string[] {
  const names = (header ?? '').toLowerCase().split(',')
  return names.map((name) => name.trim()).filter((name) => name !== '' && name !== 'identity')
}

/**
 * Undoes `content-encoding`, last coding first.
 *
 * @param maxBytes most bytes the result may have: a small body can hide a very large one
 */
export async function decodeBody(bytes: Uint8Array, header: string | undefined, maxBytes: number): Promise<Uint8Array> {
  let decoded = bytes
  for (const coding of codings(header).reverse()) {
    const decode = DECODERS.get(coding)
    if (decode === undefined) throw new UnsupportedEncodingError(coding)
    try {
      decoded = await decode(decoded, { maxOutputLength: maxBytes })
    } catch (error) {
      const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      throw isTooLarge ? new DecodedTooLargeError(coding) : new CorruptEncodingError(coding)
    }
  }
  return decoded
}

/** Reads the bytes of an answer for the meter, while the same bytes are already on their way to the caller. */
export interface Tap {
  feed(chunk: Buffer): void
  /** True if the rest cannot be read, although its beginning could. */
  readonly isBroken: boolean
  /** Resolves when everything fed has been read. Never rejects: what cannot be read stays unread. */
  finish(): Promise<void>
}

/** True if an answer in this coding can be read while it comes. */
export function isReadable(header: string | undefined): boolean {
  const names = codings(header)
  if (names.length > 1) return false
  const decoder = createDecoder(names[0])
  decoder?.destroy()
  return names.length === 0 || decoder !== null
}

/** @returns null if the answer is not encoded, so that the common case costs nothing */
export function tapEncoded(header: string | undefined, read: (chunk: Buffer) => void): Tap | null {
  const names = codings(header)
  if (names.length === 0) return null
  const decoder = names.length === 1 ? createDecoder(names[0]) : null
  // What cannot be decoded is read as it is: no usage is found in it, but its bytes are counted.
  if (decoder === null) return { feed: read, isBroken: false, finish: () => Promise.resolve() }
  let isBroken = false
  // Until the first byte was decoded nobody knows whether the coding is what it says.
  let undecoded: Buffer[] | null = []
  decoder.on('data', (chunk: Buffer) => {
    undecoded = null
    read(chunk)
  })
  const ended = new Promise<void>((resolve) => {
    decoder.on('end', resolve)
    decoder.on('error', () => {
      isBroken = true
      for (const chunk of undecoded ?? []) read(chunk)
      resolve()
    })
  })
  const feed = (chunk: Buffer): void => {
    undecoded?.push(chunk)
    if (!isBroken) decoder.write(chunk)
    else if (undecoded !== null) read(chunk)
  }
  const finish = (): Promise<void> => {
    if (!isBroken) decoder.end()
    return ended
  }
  return {
    feed,
    get isBroken() {
      return isBroken && undecoded === null
    },
    finish,
  }
}

function createDecoder(coding: string | undefined): Transform | null {
  if (coding === 'gzip' || coding === 'x-gzip') return zlib.createGunzip()
  if (coding === 'deflate') return zlib.createInflate()
  if (coding === 'br') return zlib.createBrotliDecompress()
  return coding === 'zstd' ? (zstd.createZstdDecompress?.() ?? null) : null
}
