import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { skipReporter } from './scripts/testing/skip-reporter.js'

export default defineConfig({
  test: {
    // Generous, because a busy machine is no failure; a test that hangs still ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The tests of whole programs wait for half of their time: a machine of two cores carries two of them.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // The skipped tests first, so that the last lines are the counts.
    reporters: [skipReporter(), 'default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'sources',
          include: ['packages/*/src/**/*.test.ts'],
          // They touch nothing that outlives a test, so one process reads the sources once for all of them.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'house',
          include: ['packages/*/test/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
        },
      },
    ],
  },
})
