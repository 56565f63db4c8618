/** A real Chromium, wherever one is to be had. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import sparticuz from '@sparticuz/chromium'
import { type BrowserContext, chromium } from 'playwright-core'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
]

/** The browser that the environment names, else the one of the system, else the one that npm brought along. */
async function findBrowser(): Promise<string> {
  const named = process.env.CHROMIUM_PATH
  if (named !== undefined && named !== '') return named
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'chromium')
    if (folder !== '' && existsSync(path)) return path
  }
  return sparticuz.executablePath()
}

/** A browser of its own: nothing of an earlier one is in it. */
export interface OpenBrowser {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** Starts a browser. */
export async function openBrowser(): Promise<OpenBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-browser-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: await findBrowser(),
    headless: true,
    locale: 'en-GB',
    args: FLAGS,
    viewport: { width: 1440, height: 900 },
    acceptDownloads: true,
  })
  return {
    context,
    close: async () => {
      await context.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
