/** Files that import each other in a ring. */
import { importsOf, targetOf } from './imports.js'
import type { Finding, Rule } from './rule.js'
import { codeOf, type SourceFile } from './source-file.js'

type Graph = ReadonlyMap<string, readonly string[]>

/** No file may reach itself through its imports, types included: of two such files neither can be read alone. */
export const importCycles: Rule = {
  name: 'import-cycle',
  check(files) {
    const graph = graphOf(files)
    return ringsOf(graph).map((ring): Finding => {
      const [path = ''] = ring
      const way = [...ring, path].join(' → ')
      return { path, line: 1, rule: importCycles.name, advice: `move what they share to a file of its own: ${way}` }
    })
  },
}

function graphOf(files: readonly SourceFile[]): Graph {
  const code = codeOf(files)
  const known = new Set(code.map((file) => file.path))
  return new Map(
    code.map((file) => {
      const targets = importsOf(file).map(({ specifier }) => targetOf(file.path, specifier))
      return [file.path, targets.filter((target): target is string => target !== null && known.has(target))]
    }),
  )
}

/** One ring for each group of files that hang together; each starts at the first file by name. */
function ringsOf(graph: Graph): readonly (readonly string[])[] {
  const isReported = new Set<string>()
  const rings: (readonly string[])[] = []
  for (const path of [...graph.keys()].sort()) {
    if (isReported.has(path)) continue
    const ring = shortestRing(graph, path)
    if (ring === null) continue
    rings.push(ring)
    for (const each of ring) isReported.add(each)
  }
  return rings
}

/** The shortest way from a file back to itself, breadth first; null if there is none. */
function shortestRing(graph: Graph, start: string): readonly string[] | null {
  const queue: (readonly string[])[] = [[start]]
  const isSeen = new Set<string>()
  for (const way of queue) {
    for (const next of graph.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return way
      if (isSeen.has(next)) continue
      isSeen.add(next)
      queue.push([...way, next])
    }
  }
  return null
}
