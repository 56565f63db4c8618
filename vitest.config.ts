import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { skipReporter } from './scripts/testing/skip-reporter.js'

const exclude = ['**/node_modules/**', '**/dist/**']

export default defineConfig({
  test: {
    // Generous, because a busy machine is no failure; a test that hangs still ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Many tests wait for programs that they start: also two cores carry two files at a time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // The skipped tests first, so that the last lines are the counts.
    reporters: [skipReporter(), 'default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'sources',
          include: ['packages/*/src/**/*.test.ts', 'packages/{gateway,sdk}/test/**/*.test.ts'],
          exclude,
          // Nothing in them outlives its test, so a process reads the sources once, not once for each file.
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: 'programs', include: ['packages/cli/test/**/*.test.ts', 'scripts/**/*.test.ts'], exclude },
      },
    ],
  },
})
