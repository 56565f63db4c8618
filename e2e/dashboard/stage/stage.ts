/** A real gateway with traffic, and a page of a real browser that looks at it. */

import type { Page } from 'playwright-core'
import { type OpenBrowser, openBrowser } from './browser.js'
import { settle } from './looks.js'
import { openRealGateway, type RealGateway } from './real-gateway.js'
import { makeTraffic } from './traffic.js'

/** What a test file looks at. */
export interface Stage {
  readonly gateway: RealGateway
  readonly browser: OpenBrowser
  readonly page: Page
  /** Opens a screen, and waits until it stands still. @param path below `/runguard/` */
  open(path: string): Promise<void>
  close(): Promise<void>
}

/** Opens it. The traffic has ended when it answers. */
export async function openStage(options: Parameters<typeof openRealGateway>[0] = {}): Promise<Stage> {
  const gateway = await openRealGateway(options)
  await makeTraffic(gateway.url)
  const browser = await openBrowser()
  const page = await browser.context.newPage()
  return {
    gateway,
    browser,
    page,
    open: async (path) => {
      await page.goto(`${gateway.url}/runguard/${path}`)
      await settle(page)
    },
    close: async () => {
      await browser.close()
      await gateway.close()
    },
  }
}
