/** The fenced blocks of a Markdown file, as somebody would copy them. */

/** What can be done with a block: run as a module, run by a shell, read as a configuration, or only looked at. */
export type BlockKind = 'ts' | 'sh' | 'yaml' | 'shown'

/** One block of a document. */
export interface Block {
  readonly kind: BlockKind
  /** The document, as it was named. */
  readonly path: string
  /** The line of the opening fence, counted from 1. */
  readonly line: number
  /**
   * What is copied. Of a `ts continues` block: with the blocks before it. Blank lines stand for the rest of the
   * document, so that every line has the number that it has there.
   */
  readonly text: string
  /** True for `ts e2e`: it needs packages that only the tests with the large clients install. */
  readonly isLarge: boolean
}

const kinds: ReadonlyMap<string, BlockKind> = new Map([
  ['ts', 'ts'],
  ['sh', 'sh'],
  ['yaml', 'yaml'],
  // Run by the tests of the Python package.
  ['python', 'shown'],
  ['text', 'shown'],
  ['json', 'shown'],
])

const marks = new Set(['continues', 'e2e'])

interface Fence {
  readonly info: readonly string[]
  /** Index of the line with the opening fence, and of the one that closes it. */
  readonly opensAt: number
  readonly closesAt: number
}

/**
 * Every block of a document. A block that says nothing about itself would not be checked and nobody would notice, so
 * it is an error, as is a word that is not known here.
 */
export function readBlocks(path: string, document: string): readonly Block[] {
  const lines = document.split('\n')
  const fences = findFences(path, lines)
  return fences.map((fence, at): Block => {
    const kind = kindOf(path, fence)
    const earlier = fences.slice(0, at).filter(({ info }) => info[0] === fence.info[0])
    const included = fence.info.includes('continues') ? [...earlier, fence] : [fence]
    const isIncluded = (line: number): boolean =>
      included.some(({ opensAt, closesAt }) => opensAt < line && line < closesAt)
    const text = lines.map((line, index) => (isIncluded(index) ? line : '')).join('\n')
    return { kind, path, line: fence.opensAt + 1, text, isLarge: fence.info.includes('e2e') }
  })
}

function findFences(path: string, lines: readonly string[]): readonly Fence[] {
  const marked = lines.flatMap((line, index) => (line.trimStart().startsWith('```') ? [index] : []))
  if (marked.length % 2 === 1) throw new Error(`${path}:${(marked.at(-1) ?? 0) + 1} opens a block that never ends`)
  return marked.flatMap((opensAt, at): Fence[] => {
    if (at % 2 === 1) return []
    const info = (lines[opensAt] ?? '').trim().slice('```'.length).split(/\s+/)
    return [{ info, opensAt, closesAt: marked[at + 1] ?? lines.length }]
  })
}

function kindOf(path: string, { info: [language = '', ...words], opensAt }: Fence): BlockKind {
  const kind = kinds.get(language)
  const unknown = words.find((word) => !marks.has(word))
  if (kind !== undefined && unknown === undefined) return kind
  const what = kind === undefined ? `a block of "${language}"` : `a block marked "${unknown}"`
  throw new Error(`${path}:${opensAt + 1} is ${what}: mark it as ts, sh or yaml if it can be run, else as text or json`)
}

/** What a block says that it prints: the comments `// → …` behind its `console.log`, in order. */
export function promisedLines(text: string): readonly string[] {
  return [...text.matchAll(/console\.log\(.*\)\s*\/\/ → (.*)$/gm)].map(([, promise = '']) => promise.trim())
}
