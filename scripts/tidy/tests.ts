/** Tests that run, and that can fail. */
import type { Node } from 'oxc-parser'
import type { Finding, Rule } from './rule.js'
import { findingAt } from './rule.js'
import { type CodeFile, codeOf, isTest, walk } from './source-file.js'

const testNames = /^(?:test|it|describe|suite|bench)$/
const silentSkips = /^(?:skip|skipIf|runIf|todo)$/

/** Every test runs. One that cannot run here says why while it is skipped, where the run can show it. */
export const runningTests: Rule = { name: 'running-test', check: (files) => inCallsOfTests(files, adviceForSkip) }

/** A test that expects a constant cannot fail. */
export const failableTests: Rule = { name: 'failable-test', check: (files) => inCallsOfTests(files, adviceForExpect) }

type Call = Node & { type: 'CallExpression' }

function inCallsOfTests(
  files: Parameters<Rule['check']>[0],
  adviceFor: (call: Call) => { readonly rule: string; readonly advice: string } | null,
): readonly Finding[] {
  return codeOf(files)
    .filter((file) => isTest(file.path))
    .flatMap((file: CodeFile) =>
      [...walk(file.syntax.program)].flatMap(({ node }): Finding[] => {
        const found = node.type === 'CallExpression' ? adviceFor(node) : null
        return found === null ? [] : [findingAt(file, node.start, found.rule, found.advice)]
      }),
    )
}

function adviceForSkip(call: Call): { rule: string; advice: string } | null {
  const { callee } = call
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return null
  const { rule, verb } = { rule: runningTests.name, verb: callee.property.name }
  if (isTestName(callee.object)) {
    if (verb === 'only') return { rule, advice: 'take .only away: it hides every other test' }
    if (silentSkips.test(verb)) return { rule, advice: `instead of .${verb}, call context.skip('why') inside the test` }
  }
  const isContextSkip =
    verb === 'skip' && callee.object.type === 'Identifier' && /^(?:context|ctx|t)$/.test(callee.object.name)
  const reason = call.arguments.find((each) => isText(each))
  return isContextSkip && reason === undefined ? { rule, advice: "say why it is skipped: context.skip('why')" } : null
}

/** `test`, or `test.concurrent`, `describe.sequential` and the like. */
function isTestName(node: Node): boolean {
  if (node.type === 'MemberExpression') return isTestName(node.object)
  return node.type === 'Identifier' && testNames.test(node.name)
}

/** A reason: a text that is not empty, or a value that somebody put into words elsewhere. */
function isText(node: Node): boolean {
  if (node.type === 'Literal') return typeof node.value === 'string' && node.value.trim() !== ''
  return node.type === 'TemplateLiteral' || node.type === 'Identifier' || node.type === 'MemberExpression'
}

function adviceForExpect({ callee, arguments: args }: Call): { rule: string; advice: string } | null {
  if (callee.type !== 'Identifier' || callee.name !== 'expect' || args[0]?.type !== 'Literal') return null
  return { rule: failableTests.name, advice: 'expect something that the code under test has made' }
}
