/** Where the clock, chance, the environment and timers may be touched. Everywhere else they are parameters. */
import type { Node } from 'oxc-parser'
import type { Finding, Rule } from './rule.js'
import { findingAt } from './rule.js'
import { type CodeFile, codeOf, isTest, walk } from './source-file.js'

/** The ways in which code can depend on something that no caller gave it. */
export type Effect = 'clock' | 'chance' | 'environment' | 'timer'

/** A file, or a folder (with a slash at the end), that may do what others must not. */
export interface Permission {
  readonly path: string
  readonly effects: readonly Effect[]
  readonly reason: string
}

/** All exceptions. One that is not used any more is itself a finding. */
const permissions: readonly Permission[] = [
  {
    path: 'packages/sdk/src/engine/runtime.ts',
    effects: ['clock', 'chance', 'timer'],
    reason: 'builds the runtime that everybody else gets as a parameter',
  },
  {
    path: 'packages/simulator/src/clock.ts',
    effects: ['clock', 'timer'],
    reason: "builds the simulator's clock, the real one and the virtual one",
  },
  {
    path: 'packages/gateway/src/access/secrets.ts',
    effects: ['chance'],
    reason: 'makes tokens and cookies, which nobody may guess',
  },
  {
    path: 'packages/dashboard/src/api/live.ts',
    effects: ['clock', 'timer'],
    reason: 'paces what live events renew, and is the clock of the screens',
  },
  {
    path: 'packages/cli/src/',
    effects: ['clock', 'chance', 'environment', 'timer'],
    reason: 'the composition root: the one place that reads the world',
  },
]

const remedies: Record<Effect, string> = {
  clock: 'take the time as a parameter (runtime.now)',
  chance: 'take ids and randomness as a parameter (runtime.id)',
  environment: 'take the setting as a parameter; only the cli reads the environment and flags',
  timer: 'take the timer as a parameter (runtime)',
}

/** Members that reach out, as `object.member`. */
const members: readonly [RegExp, Effect][] = [
  [/^Date\.now$/, 'clock'],
  [/^performance\.(?:now|timeOrigin)$/, 'clock'],
  [/^process\.(?:hrtime|uptime)$/, 'clock'],
  [/^Math\.random$/, 'chance'],
  [/^(?:web)?crypto\.(?:random|getRandomValues)/, 'chance'],
  [/^process\.(?:env|argv)$/, 'environment'],
  [/^AbortSignal\.timeout$/, 'timer'],
]

/** Names that reach out when they are imported from these modules of Node. */
const imported: readonly [RegExp, RegExp, Effect][] = [
  [/^(?:node:)?crypto$/, /^random|^getRandomValues$/, 'chance'],
  [/^(?:node:)?process$/, /^(?:env|argv)$/, 'environment'],
  [/^(?:node:)?timers(?:\/promises)?$/, /./, 'timer'],
  [/^(?:node:)?perf_hooks$/, /^performance$/, 'clock'],
]

const timerNames = /^set(?:Timeout|Interval|Immediate)$/

/** Code of the packages reaches for the world only in the files named above. */
export const effectsAtTheEdge: Rule = {
  name: 'effect',
  check: (files) => checkEffects(codeOf(files), permissions),
}

/** The rule, with its table of exceptions as a parameter. */
export function checkEffects(files: readonly CodeFile[], allowed: readonly Permission[]): readonly Finding[] {
  const isUsed = new Set<Permission>()
  const findings = files.filter(isChecked).flatMap((file) =>
    effectsOf(file).flatMap(({ effect, offset, text }): Finding[] => {
      const permission = allowed.find(({ path, effects }) => isBelow(file.path, path) && effects.includes(effect))
      if (permission === undefined)
        return [findingAt(file, offset, effectsAtTheEdge.name, `${text}: ${remedies[effect]}`)]
      isUsed.add(permission)
      return []
    }),
  )
  const idle = allowed.filter((permission) => !isUsed.has(permission))
  return [...findings, ...idle.map(idlePermission)]
}

function isChecked(file: CodeFile): boolean {
  return /^packages\/[^/]+\/src\//.test(file.path) && !isTest(file.path)
}

function isBelow(path: string, allowed: string): boolean {
  return allowed.endsWith('/') ? path.startsWith(allowed) : path === allowed
}

function idlePermission({ path }: Permission): Finding {
  return {
    path: 'scripts/tidy/effects.ts',
    line: 1,
    rule: effectsAtTheEdge.name,
    advice: `the exception for ${path} is not used any more: remove it from the table`,
  }
}

interface EffectAt {
  readonly effect: Effect
  readonly offset: number
  /** How it is written in the file. */
  readonly text: string
}

function effectsOf(file: CodeFile): readonly EffectAt[] {
  const found: EffectAt[] = []
  for (const { node, parents } of walk(file.syntax.program)) {
    const effect = effectOf(node, parents.at(-1))
    if (effect !== null) found.push({ effect, offset: node.start, text: file.text.slice(node.start, node.end) })
  }
  return found
}

function effectOf(node: Node, parent: Node | undefined): Effect | null {
  if (node.type === 'MemberExpression') return effectOfMember(node)
  if (node.type === 'ImportSpecifier') return effectOfImport(node, parent)
  if (node.type === 'NewExpression' || node.type === 'CallExpression') {
    const makesNow = node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0
    return makesNow ? 'clock' : null
  }
  const isTimer = node.type === 'Identifier' && timerNames.test(node.name) && isReference(node, parent)
  return isTimer ? 'timer' : null
}

function effectOfMember(node: Node & { type: 'MemberExpression' }): Effect | null {
  const owner = node.object.type === 'MemberExpression' ? node.object.property : node.object
  if (owner.type !== 'Identifier' || node.property.type !== 'Identifier' || node.computed) return null
  if (owner.name === 'globalThis' && timerNames.test(node.property.name)) return 'timer'
  const name = `${owner.name}.${node.property.name}`
  return members.find(([sign]) => sign.test(name))?.[1] ?? null
}

function effectOfImport(node: Node & { type: 'ImportSpecifier' }, parent: Node | undefined): Effect | null {
  if (parent?.type !== 'ImportDeclaration' || node.imported.type !== 'Identifier') return null
  const [module, name] = [parent.source.value, node.imported.name]
  return imported.find(([from, what]) => from.test(module) && what.test(name))?.[2] ?? null
}

/** True if an identifier means the variable: not the name of a member, a property, a parameter or a type. */
function isReference(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined) return true
  if (parent.type === 'MemberExpression') return parent.object === node
  if (parent.type === 'Property') return parent.value === node
  if (parent.type === 'VariableDeclarator') return parent.init === node
  if (parent.type === 'ArrowFunctionExpression') return parent.body === node
  return !/^(?:TS|Function|Method|Import|PropertyDefinition)/.test(parent.type)
}
