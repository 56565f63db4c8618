/// <reference lib="dom" />
/** How a page looks, and whether everybody can use it. */

import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

/** Where pictures of the screens are kept. Not in git. */
const pictures = fileURLToPath(new URL('../.pictures', import.meta.url))

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Takes a picture of the whole page. */
export async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
}

/** Everything that axe finds wrong: one text for each. @param rules the only ones that are looked at */
export async function findBarriers(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  await page.evaluate(axeSource)
  return page.evaluate(async (only) => {
    const { axe } = window as unknown as {
      axe: {
        run(options: object): Promise<{
          violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[]
        }>
      }
    }
    const { violations } = await axe.run({ resultTypes: ['violations'], ...(only && { runOnly: [...only] }) })
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary.replace(/\s+/g, ' ')}`),
    )
  }, rules)
}

/** What axe looks at that depends on colours; all else is the same in both themes. */
export const colourRules = ['color-contrast', 'link-in-text-block'] as const

/** Waits until what has changed its size or its colours is drawn, and no longer on its way. */
export async function redraw(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const changing = () => document.getAnimations().filter((each) => each instanceof CSSTransition)
    // The page hears of other colours in one frame, and begins to change in the next one.
    await frame()
    await frame()
    while (changing().length > 0) await Promise.allSettled(changing().map(({ finished }) => finished))
    await frame()
  })
}

/** Waits until nothing on the page is still being read. */
export async function settle(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  await page.waitForFunction(() => document.querySelector('.skeleton') === null)
  await page.evaluate(() => document.fonts.ready)
}
