/** The house rules, in the order in which their findings are shown. */
import { importCycles } from './cycles.js'
import { effectsAtTheEdge } from './effects.js'
import { documentedExports, namedExports } from './exports.js'
import { importDirections } from './imports.js'
import { leftoverMarkers, machinePaths, privateRegistries } from './leftovers.js'
import { kebabCase, tellingNames } from './names.js'
import type { Rule } from './rule.js'
import { fileSize, functionSize } from './sizes.js'
import { failableTests, runningTests } from './tests.js'
import { noAny, readableCode } from './types.js'

/** All of them. A new rule is one more line here, and a test that shows a file which breaks it. */
export const rules: readonly Rule[] = [
  readableCode,
  importDirections,
  importCycles,
  effectsAtTheEdge,
  fileSize,
  functionSize,
  documentedExports,
  namedExports,
  noAny,
  tellingNames,
  kebabCase,
  leftoverMarkers,
  machinePaths,
  privateRegistries,
  runningTests,
  failableTests,
]
