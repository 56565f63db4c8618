/** Types that hold. */
import type { Finding, Rule } from './rule.js'
import { findingAt } from './rule.js'
import { codeOf, walk } from './source-file.js'

/** `any` switches the compiler off for everything it touches. */
export const noAny: Rule = {
  name: 'no-any',
  check(files) {
    return codeOf(files).flatMap((file) =>
      [...walk(file.syntax.program)].flatMap(({ node }): Finding[] => {
        if (node.type !== 'TSAnyKeyword') return []
        return [findingAt(file, node.start, noAny.name, 'name the type, or take unknown and check it')]
      }),
    )
  },
}

/** A file that cannot be read cannot be checked either. */
export const readableCode: Rule = {
  name: 'readable-code',
  check(files) {
    return codeOf(files).flatMap((file) =>
      file.syntax.errors.map((error) => findingAt(file, 0, readableCode.name, `correct the syntax: ${error}`)),
    )
  },
}
