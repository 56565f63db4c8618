/** One Chromium for all files of a run: each of them has pages in a context of its own. */

import type { BrowserServer } from 'playwright-core'
import { chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'
import { findBrowser } from './browser.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the browser is reached. */
    browserEndpoint: string
  }
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
]

let server: BrowserServer | null = null

/** Before the first file. */
export async function setup(project: TestProject): Promise<void> {
  // A browser that unpacks itself first, on a busy machine.
  server = await chromium.launchServer({ executablePath: await findBrowser(), args: FLAGS, timeout: 120_000 })
  project.provide('browserEndpoint', server.wsEndpoint())
}

/** After the last one. */
export async function teardown(): Promise<void> {
  await server?.close()
}
