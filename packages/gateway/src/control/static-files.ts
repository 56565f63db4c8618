/** The files of the dashboard, read once: what is not in the folder at the start is never asked of the disk. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

/** Answers from files. */
export interface StaticFiles {
  /** @param path below the root, as it stands in the URL. Null if no file is meant. */
  answer(path: string, headers: Headers): Response | null
}

interface File {
  readonly type: string
  readonly etag: string
  readonly isImmutable: boolean
  readonly bytes: Buffer
  /** By encoding, each made when it is first asked for: a start does not wait for it. */
  readonly compressed: ReadonlyMap<string, () => Buffer>
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json'],
  ['.webmanifest', 'application/manifest+json'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.woff2', 'font/woff2'],
  ['.txt', 'text/plain; charset=utf-8'],
])

const ALREADY_SMALL = new Set(['.png', '.ico', '.woff2'])

/** Reads a folder with an `index.html` in it; null if there is none. */
export function readStaticFiles(folder: string): StaticFiles | null {
  const files = new Map<string, File>()
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const place = join(entry.parentPath, entry.name)
      const name = relative(folder, place).split(sep).join('/')
      if (entry.isFile() && TYPES.has(extname(name))) files.set(name, readFile(place, name))
    }
  } catch {
    return null
  }
  const index = files.get('index.html')
  if (index === undefined) return null
  return {
    answer: (path, headers) => {
      const file = files.get(path) ?? (isPage(path) ? index : null)
      return file === null ? null : answerFile(file, headers)
    },
  }
}

/** The dashboard makes its own pages out of whatever is no file. */
function isPage(path: string): boolean {
  return !path.startsWith('assets/') && extname(path) === ''
}

function readFile(place: string, name: string): File {
  const bytes = readFileSync(place)
  const extension = extname(name)
  const compressed = new Map<string, () => Buffer>()
  if (!ALREADY_SMALL.has(extension)) {
    const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }
    compressed.set(
      'br',
      once(() => brotliCompressSync(bytes, best)),
    )
    compressed.set(
      'gzip',
      once(() => gzipSync(bytes)),
    )
  }
  return {
    type: TYPES.get(extension) ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    // Their names change with their content.
    isImmutable: name.startsWith('assets/'),
    bytes,
    compressed,
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function answerFile({ type, etag, isImmutable, bytes, compressed }: File, headers: Headers): Response {
  const shared = {
    etag,
    'cache-control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'accept-encoding',
  }
  if (headers.get('if-none-match')?.includes(etag) === true) return new Response(null, { status: 304, headers: shared })
  const accepted = headers.get('accept-encoding') ?? ''
  const encoding = [...compressed.keys()].find((each) =>
    new RegExp(`\\b${each}\\b(?!;q=0(?:\\.0*)?(?:,|$))`).test(accepted),
  )
  const body = (encoding === undefined ? undefined : compressed.get(encoding)?.()) ?? bytes
  return new Response(new Uint8Array(body), {
    headers: {
      ...shared,
      'content-type': type,
      'content-length': String(body.length),
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    },
  })
}
