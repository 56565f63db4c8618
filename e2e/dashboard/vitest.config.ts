import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { skipReporter } from '../../scripts/testing/skip-reporter.js'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['*.test.ts'],
    setupFiles: ['../stage/clean-environment.ts'],
    globalSetup: ['stage/shared-browser.ts'],
    // All that is waited for comes at once on a machine that does nothing else, and some time on one that does much.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Each file has a gateway of its own; more than two at once would only wait for each other's browser.
    maxWorkers: 2,
    reporters: [skipReporter(), 'default'],
  },
})
