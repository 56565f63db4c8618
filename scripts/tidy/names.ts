/** What things are called. */
import { exportsOf } from './exports.js'
import type { Finding, Rule } from './rule.js'
import { findingAt } from './rule.js'
import { codeOf, isTest } from './source-file.js'

/** Words that say nothing about what a thing does. */
const emptyWords = /^(?:manager|service|helper|util|utility|utilitie)s?$/

/** Names that are not ours: the API calls something so. */
const apiWords = /service_?tier/gi

/** Names beside the pattern that people and tools look for. */
const wellKnown = /^(?:[A-Z][A-Z_]*(?:\.md)?|Dockerfile)$/

/** A name says what the thing is or does. */
export const tellingNames: Rule = {
  name: 'telling-name',
  check(files) {
    const ofFiles = files.flatMap((file): Finding[] => {
      const word = emptyWordOf(file.path)
      if (word === null) return []
      return [findingAt(file, 0, tellingNames.name, `"${word}" says nothing: name the file after what it holds`)]
    })
    const ofExports = codeOf(files)
      .filter((file) => !isTest(file.path))
      .flatMap((file) =>
        exportsOf(file).flatMap(({ name, statement }): Finding[] => {
          const word = emptyWordOf(name)
          const advice = `"${word}" says nothing: name ${name} after what it does`
          return word === null ? [] : [findingAt(file, statement.start, tellingNames.name, advice)]
        }),
      )
    return [...ofFiles, ...ofExports]
  },
}

function emptyWordOf(name: string): string | null {
  const words = name.replace(apiWords, '').match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []
  return words.find((word) => emptyWords.test(word.toLowerCase())) ?? null
}

/** Files and folders are kebab-case. */
export const kebabCase: Rule = {
  name: 'kebab-case',
  check(files) {
    return files.flatMap((file): Finding[] => {
      const odd = file.path.split('/').find((part) => !isKebabCase(part))
      if (odd === undefined) return []
      const better = odd.replace(/(?<=[a-z0-9])(?=[A-Z])|[_ ]+/g, '-').toLowerCase()
      return [findingAt(file, 0, kebabCase.name, `rename ${odd} to ${better}`)]
    })
  },
}

function isKebabCase(part: string): boolean {
  return part.startsWith('.') || wellKnown.test(part) || /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9-]+)*$/.test(part)
}
