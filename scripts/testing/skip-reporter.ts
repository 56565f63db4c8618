/** Shows at the end of a test run what did not run, and why: a test that is skipped must not look like one that passed. */
import type { Reporter } from 'vitest/node'

/** Prints one line for each skipped test, before the closing counts. */
export function skipReporter(): Reporter {
  let isFiltered = false
  return {
    onInit(vitest) {
      isFiltered = vitest.config.testNamePattern !== undefined
    },
    onTestRunEnd(modules) {
      for (const module of modules) {
        for (const test of module.children.allTests('skipped')) {
          const result = test.result()
          const note = result.state === 'skipped' ? result.note : undefined
          // With `-t` everything else is filtered out; that nobody has to be told.
          if (note === undefined && isFiltered) continue
          const reason = note ?? 'no reason given'
          console.warn(`\nNOT RUN: ${test.fullName} (${module.relativeModuleId})\n         ${reason}`)
        }
      }
    },
  }
}
