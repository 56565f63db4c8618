/** What a file offers to others, and how. */
import type { Node } from 'oxc-parser'
import type { Finding, Rule } from './rule.js'
import { findingAt } from './rule.js'
import { type CodeFile, codeOf, isConfig, isTest } from './source-file.js'

/** Something a file exports under a name. */
interface Exported {
  readonly name: string
  /** The statement that declares it: its doc comment stands in front. */
  readonly statement: Node
}

/** Every export says in a doc comment what it is: shapes, units, errors, source. */
export const documentedExports: Rule = {
  name: 'doc-comment',
  check(files) {
    return codeOf(files)
      .filter((file) => !isTest(file.path) && !isConfig(file.path))
      .flatMap((file) =>
        exportsOf(file).flatMap(({ name, statement }): Finding[] => {
          if (hasDocComment(file, statement)) return []
          return [
            findingAt(
              file,
              statement.start,
              documentedExports.name,
              `say in a /** comment */ right above what ${name} is`,
            ),
          ]
        }),
      )
  },
}

/** Exports are listed by name, so that a reader sees what a module offers and a search finds where it comes from. */
export const namedExports: Rule = {
  name: 'named-exports',
  check(files) {
    return codeOf(files).flatMap((file) =>
      file.syntax.program.body.flatMap((statement): Finding[] => {
        const advice = unnamedExport(file, statement)
        return advice === null ? [] : [findingAt(file, statement.start, namedExports.name, advice)]
      }),
    )
  },
}

function unnamedExport(file: CodeFile, statement: Node): string | null {
  if (statement.type === 'ExportAllDeclaration') return 'list the names instead of exporting everything'
  if (isConfig(file.path)) return null
  const isDefault =
    statement.type === 'ExportDefaultDeclaration' ||
    (statement.type === 'ExportNamedDeclaration' &&
      statement.specifiers.some(({ exported }) => exported.type === 'Identifier' && exported.name === 'default'))
  return isDefault ? 'export it by its name, not as the default' : null
}

/** What a file declares and exports, in order; overloads once. Re-exports are documented where they come from. */
export function exportsOf(file: CodeFile): readonly Exported[] {
  const { body } = file.syntax.program
  const declared = new Map<string, Node>()
  const exported = new Map<string, Node>()
  for (const statement of body) {
    const isExport = statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
    const declaration = isExport ? statement.declaration : statement
    for (const name of declaration === null ? [] : namesOf(declaration)) {
      if (!declared.has(name)) declared.set(name, statement)
      if (isExport && !exported.has(name)) exported.set(name, statement)
    }
  }
  for (const statement of body) {
    if (statement.type !== 'ExportNamedDeclaration' || statement.source !== null) continue
    for (const { local } of statement.specifiers) {
      const declaration = local.type === 'Identifier' ? declared.get(local.name) : undefined
      if (local.type === 'Identifier' && declaration !== undefined) exported.set(local.name, declaration)
    }
  }
  return [...exported].map(([name, statement]) => ({ name, statement }))
}

function namesOf(declaration: Node): readonly string[] {
  if (declaration.type === 'VariableDeclaration') {
    return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
  }
  const id = 'id' in declaration ? declaration.id : null
  return id !== null && typeof id === 'object' && 'name' in id ? [`${id.name}`] : []
}

/** A doc comment stands right above. One with an empty line below it speaks of something else, of the file perhaps. */
function hasDocComment(file: CodeFile, statement: Node): boolean {
  return file.syntax.comments.some(
    ({ type, value, end }) =>
      type === 'Block' && value.startsWith('*') && /^[ \t]*\n?[ \t]*$/.test(file.text.slice(end, statement.start)),
  )
}
