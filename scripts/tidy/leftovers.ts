/** What must not stay behind in a file that others get. */
import type { Finding, Rule } from './rule.js'
import { findingAt } from './rule.js'
import type { SourceFile } from './source-file.js'

// Spelled in two halves, so that this file does not find itself.
const markers = new RegExp(
  `\\b(?:${['FIX', 'XX', 'TO'].map((start, at) => start + ['ME', 'X', 'DO'][at]).join('|')})\\b`,
)

/** Nothing is left for later in a comment or a page: do it, or write it down where work is planned. */
export const leftoverMarkers: Rule = {
  name: 'leftover',
  check(files) {
    return files.flatMap((file) =>
      prose(file).flatMap(({ text, offset }): Finding[] => {
        const match = markers.exec(text)
        if (match === null) return []
        const advice = `do what this ${match[0]} says, or plan it elsewhere`
        return [findingAt(file, offset + match.index, leftoverMarkers.name, advice)]
      }),
    )
  },
}

/** What people wrote for people: the comments of code, all of any other file. */
function prose(file: SourceFile): readonly { readonly text: string; readonly offset: number }[] {
  if (file.syntax === null) return [{ text: file.text, offset: 0 }]
  return file.syntax.comments.map(({ value, start }) => ({ text: value, offset: start + 2 }))
}

/** Homes and mounts of the machine it was written on, at the start of a path. */
const machinePath = /(?<![\w.~\-/)\]}*])\/(?:home|root|work|Users|mnt)\/[\w.]|(?<!\w)[A-Z]:\\Users\\/g

/** A path of one machine works on no other. */
export const machinePaths: Rule = {
  name: 'machine-path',
  check(files) {
    return everyMatch(files, machinePath, machinePaths.name, 'use a path relative to the repository or a parameter')
  },
}

/** Where npm looks, written into a file, with a host other than the public one; and any password for it. */
const privateRegistry =
  /"resolved":\s*"https?:\/\/(?!registry\.npmjs\.org\/)|registry\s*=\s*["']?https?:\/\/(?!registry\.npmjs\.org)|_auth(?:Token)?\s*=\s*\S/g

/** Packages come from the public registry: another address is somebody's own network, and a token is a secret. */
export const privateRegistries: Rule = {
  name: 'private-registry',
  check(files) {
    return everyMatch(files, privateRegistry, privateRegistries.name, 'leave registry addresses and tokens out')
  },
}

function everyMatch(files: readonly SourceFile[], sign: RegExp, rule: string, advice: string): readonly Finding[] {
  return files.flatMap((file) =>
    [...file.text.matchAll(sign)].map((match) => findingAt(file, match.index, rule, advice)),
  )
}
