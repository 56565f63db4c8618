/** How long files and functions may be. */
import type { Node } from 'oxc-parser'
import type { Finding, Rule } from './rule.js'
import { findingAt } from './rule.js'
import { type CodeFile, codeOf, isTest, lineCount, lineOf, walk } from './source-file.js'

/** In lines. What does not fit is two things, and wants two names. */
export const limits = { file: 300, testFile: 500, function: 40 } as const

/** A file of code fits its limit. */
export const fileSize: Rule = {
  name: 'file-size',
  check(files) {
    return codeOf(files).flatMap((file): Finding[] => {
      const limit = isTest(file.path) ? limits.testFile : limits.file
      const lines = lineCount(file)
      if (lines <= limit) return []
      return [{ path: file.path, line: limit + 1, rule: fileSize.name, advice: `${lines} lines of ${limit}: split it` }]
    })
  },
}

/** A function fits its limit, from its signature to its closing brace, with all functions inside it. Tests are free. */
export const functionSize: Rule = {
  name: 'function-size',
  check(files) {
    return codeOf(files)
      .filter((file) => !isTest(file.path))
      .flatMap(longFunctions)
  },
}

function longFunctions(file: CodeFile): readonly Finding[] {
  const findings: Finding[] = []
  for (const { node, parents } of walk(file.syntax.program)) {
    if (!isFunction(node)) continue
    const owner = parents.at(-1)
    const start = owner?.type === 'MethodDefinition' || owner?.type === 'Property' ? owner.start : node.start
    const lines = lineOf(file, node.end - 1) - lineOf(file, start) + 1
    if (lines <= limits.function) continue
    const advice = `${nameOf(node, owner)} has ${lines} lines of ${limits.function}: take a step out of it`
    findings.push(findingAt(file, start, functionSize.name, advice))
  }
  return findings
}

function isFunction(node: Node): boolean {
  return /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)
}

function nameOf(node: Node, owner: Node | undefined): string {
  const named = [
    'id' in node ? node.id : null,
    owner !== undefined && 'id' in owner ? owner.id : null,
    owner !== undefined && 'key' in owner ? owner.key : null,
  ].find((each) => each !== null && typeof each === 'object' && 'name' in each)
  return named !== undefined && named !== null && 'name' in named ? `${named.name}` : 'this function'
}
