import { defineConfig } from 'vitest/config'
import { skipReporter } from './scripts/testing/skip-reporter.js'

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'scripts/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // Generous, because a busy machine is no failure; a test that hangs still ends.
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // The skipped tests first, so that the last lines are the counts.
    reporters: [skipReporter(), 'default'],
  },
})
