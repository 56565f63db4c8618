/** What a bundler makes of the library: how large it is, and whether it runs where there is no Node. */
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

/** What of an entry is asked for, how large that is, and what it drags in from elsewhere. */
export interface BundleSize {
  readonly names: readonly string[]
  readonly gzipBytes: number
}

/** Bundles some names of an entry as a program would that uses nothing else, without what it shares with others. */
export async function measureBundle(entry: string, names: readonly string[]): Promise<BundleSize> {
  const code = await bundle(`export { ${names.join(', ')} } from ${JSON.stringify(entry)}`, {
    external: ['zod', /^node:/],
    platform: 'node',
    format: 'esm',
    minify: true,
  })
  return { names, gzipBytes: gzipSync(code, { level: 9 }).length }
}

/** The globals beyond the language itself that every browser has and the core uses. */
const BROWSER = { TextEncoder, TextDecoder }

/** Bundles an entry for browsers and runs a line of code on it, under the name `entry`, where there is nothing else. */
export async function runInBrowser(entry: string, line: string): Promise<unknown> {
  const code = await bundle(`export * from ${JSON.stringify(entry)}`, {
    platform: 'browser',
    format: 'iife',
    name: 'entry',
    minify: false,
  })
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

async function bundle(source: string, { external = [], platform, ...output }: BundleOptions): Promise<string> {
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
    const { output: chunks } = await build.generate(output)
    return chunks.map((chunk) => ('code' in chunk ? chunk.code : '')).join('\n')
  } finally {
    await build.close()
  }
}
