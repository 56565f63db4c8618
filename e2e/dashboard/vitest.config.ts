import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { skipReporter } from '../../scripts/testing/skip-reporter.js'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['*.test.ts'],
    setupFiles: ['../stage/clean-environment.ts'],
    // A browser that unpacks itself first, on a busy machine.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // One browser at a time: the time that a live update takes is measured.
    fileParallelism: false,
    reporters: [skipReporter(), 'default'],
  },
})
