/** What a bundler makes of the library: how large it is, and whether it runs where there is no Node. */
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { type OutputChunk, rolldown } from 'rolldown'

/** What of an entry is asked for, and how large that is, compressed. */
export interface BundleSize {
  readonly names: readonly string[]
  /** What a program loads before its first line runs. */
  readonly importBytes: number
  /** With all that is loaded later, by `import()`. */
  readonly wholeBytes: number
}

/** Bundles some names of an entry as a program would that uses nothing else, without what it shares with others. */
export async function measureBundle(entry: string, names: readonly string[]): Promise<BundleSize> {
  const chunks = await bundle(`export { ${names.join(', ')} } from ${JSON.stringify(entry)}`, {
    external: ['zod', /^node:/],
    platform: 'node',
    format: 'esm',
    minify: true,
  })
  const sizeOf = (part: readonly OutputChunk[]): number =>
    part.reduce((bytes, { code }) => bytes + gzipSync(code, { level: 9 }).length, 0)
  return { names, importBytes: sizeOf(importedAtOnce(chunks)), wholeBytes: sizeOf(chunks) }
}

/** The entry with the chunks that it imports, and what those import. */
function importedAtOnce(chunks: readonly OutputChunk[]): readonly OutputChunk[] {
  const names = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName))
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
  // A set hands out what is added while it is walked.
  for (const name of names) for (const other of byName.get(name)?.imports ?? []) names.add(other)
  return chunks.filter(({ fileName }) => names.has(fileName))
}

/** The globals beyond the language itself that every browser has and the core uses. */
const BROWSER = { TextEncoder, TextDecoder }

/** Bundles an entry for browsers and runs a line of code on it, under the name `entry`, where there is nothing else. */
export async function runInBrowser(entry: string, line: string): Promise<unknown> {
  const chunks = await bundle(`export * from ${JSON.stringify(entry)}`, {
    platform: 'browser',
    format: 'iife',
    name: 'entry',
    minify: false,
  })
  const code = chunks.map((chunk) => chunk.code).join('\n')
  const strayed = /(?:from|import|require)\s*\(?\s*["'](node:[^"']+)/.exec(code)?.[1]
  if (strayed !== undefined) throw new Error(`it imports ${strayed}`)
  return runInNewContext(`${code}\n;${line}`, { ...BROWSER }, { timeout: 5_000 })
}

interface BundleOptions {
  readonly external?: (string | RegExp)[]
  readonly platform: 'node' | 'browser'
  readonly format: 'esm' | 'iife'
  readonly name?: string
  readonly minify: boolean
}

const SOURCE = '\0entry'

async function bundle(
  source: string,
  { external = [], platform, ...output }: BundleOptions,
): Promise<readonly OutputChunk[]> {
  const build = await rolldown({
    input: SOURCE,
    external,
    platform,
    logLevel: 'silent',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === SOURCE ? { id, moduleSideEffects: false } : null),
        load: (id) => (id === SOURCE ? source : null),
      },
    ],
  })
  try {
    const { output: files } = await build.generate(output)
    return files.filter((file) => file.type === 'chunk')
  } finally {
    await build.close()
  }
}
