import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { skipReporter } from '../scripts/testing/skip-reporter.js'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['*.test.ts'],
    setupFiles: ['stage/clean-environment.ts'],
    // Starting Claude Code takes a second on an idle machine; a client that hangs still ends.
    testTimeout: 45_000,
    hookTimeout: 30_000,
    // Every test has a gateway and an upstream of its own; more at once would only make the big clients wait.
    maxWorkers: 2,
    reporters: [skipReporter(), 'default'],
  },
})
