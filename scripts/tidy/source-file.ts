/** A file of the repository as the rules see it: its text and, if it is code, its syntax tree. */
import { type Comment, type Node, type ParseResult, parseSync, visitorKeys } from 'oxc-parser'

/** What the parser found in a file of code. */
export interface Syntax {
  readonly program: ParseResult['program']
  readonly module: ParseResult['module']
  readonly comments: readonly Comment[]
  /** What the parser could not read, as it words it. */
  readonly errors: readonly string[]
}

/** One file. Rules are functions of these alone. */
export interface SourceFile {
  /** Relative to the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[]
  /** Null for a file that is no TypeScript or JavaScript. */
  readonly syntax: Syntax | null
}

/** A file of code: the syntax is there. */
export type CodeFile = SourceFile & { readonly syntax: Syntax }

const codeFile = /\.(?:[cm]?[jt]s|[jt]sx)$/

/** Reads a file's text into what the rules need. */
export function readSource(path: string, text: string): SourceFile {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return { path, text, lineStarts, syntax: codeFile.test(path) ? parse(path, text) : null }
}

function parse(path: string, text: string): Syntax {
  const { program, module, comments, errors } = parseSync(path, text)
  return { program, module, comments, errors: errors.map((error) => error.message) }
}

/** The files that are code. */
export function codeOf(files: readonly SourceFile[]): readonly CodeFile[] {
  return files.filter((file): file is CodeFile => file.syntax !== null)
}

/** The line, counted from 1, on which the character at `offset` stands. */
export function lineOf(file: SourceFile, offset: number): number {
  let low = 0
  let high = file.lineStarts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((file.lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low + 1
}

/** Number of lines; the newline that ends the last one does not start another. */
export function lineCount(file: SourceFile): number {
  return file.text.endsWith('\n') ? file.lineStarts.length - 1 : file.lineStarts.length
}

/** True for files that only the test run reads: `x.test.ts`, a package's `test/` folder, and all of `e2e/`. */
export function isTest(path: string): boolean {
  return /\.test\.[cm]?[jt]sx?$/.test(path) || /^packages\/[^/]+\/test\//.test(path) || path.startsWith('e2e/')
}

/** True for the configuration file of a tool. */
export function isConfig(path: string): boolean {
  return /\.config\.[cm]?[jt]s$/.test(path)
}

/** A node and the nodes around it, the nearest last. */
export interface Visit {
  readonly node: Node
  readonly parents: readonly Node[]
}

/** All nodes below and including `node`, in the order of the text. */
export function* walk(node: Node, parents: readonly Node[] = []): Generator<Visit> {
  yield { node, parents }
  const below = [...parents, node]
  const fields = node as unknown as Readonly<Record<string, unknown>>
  for (const key of visitorKeys[node.type] ?? []) {
    for (const child of [fields[key]].flat()) {
      if (isNode(child)) yield* walk(child, below)
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}
