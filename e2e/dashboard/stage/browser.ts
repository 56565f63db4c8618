/** A real Chromium, wherever one is to be had. */

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import sparticuz from '@sparticuz/chromium'
import { type BrowserContext, chromium } from 'playwright-core'
import { inject } from 'vitest'

/** The browser that the environment names, else the one of the system, else the one that npm brought along. */
export async function findBrowser(): Promise<string> {
  const named = process.env.CHROMIUM_PATH
  if (named !== undefined && named !== '') return named
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'chromium')
    if (folder !== '' && existsSync(path)) return path
  }
  return sparticuz.executablePath()
}

/** A context of its own in the browser of the run: nothing of another file is in it. */
export interface OpenBrowser {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** Opens a context. */
export async function openBrowser(): Promise<OpenBrowser> {
  const browser = await chromium.connect(inject('browserEndpoint'))
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    acceptDownloads: true,
  })
  return {
    context,
    close: async () => {
      await context.close()
      await browser.close()
    },
  }
}
