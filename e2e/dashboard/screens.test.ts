/// <reference lib="dom" />
/** Every screen of the real dashboard, in a real browser, with what a day of traffic left in a real gateway. */

import { afterAll, expect, it } from 'vitest'
import { colourRules, findBarriers, redraw, takePicture } from './stage/looks.js'
import { openStage } from './stage/stage.js'

const { gateway, page, open, close } = await openStage()
afterAll(close)

/** The API as the dashboard asks it. */
async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`${gateway.url}/runguard/api/${path}`)
  expect(response.status).toBe(200)
  return (await response.json()) as Answer
}

async function callOf(session: string): Promise<string> {
  const { items } = await ask<{ items: { id: string }[] }>(`calls?session=${session}`)
  const id = items[0]?.id
  if (id === undefined) throw new Error(`no call of ${session}`)
  return id
}

const screens: readonly (readonly [name: string, path: () => Promise<string>, words: RegExp])[] = [
  ['now', async () => '', /Held back/],
  ['spend', async () => 'spend?range=24h', /opus-5-5/],
  ['spend-by-session', async () => 'spend?range=1h&by=session', /refactor-billing/],
  ['sessions', async () => 'sessions', /in-circles/],
  ['session-of-agents', async () => 'session?id=refactor-billing', /test-writer/],
  ['session-in-circles', async () => 'session?id=in-circles', /loop/],
  ['calls', async () => 'calls', /error 529/],
  ['call', async () => `call?id=${await callOf('handbook')}`, /Sum, rounded up/],
  ['call-refused', async () => `call?id=${await callOf('short-of-money')}`, /It needed more than the whole limit/],
  ['cache', async () => 'cache', /Written and never read/],
  ['routes', async () => 'routes', /Taken/],
  ['batches', async () => 'batches', /waiting/],
  ['budgets', async () => 'budgets', /The company/],
  ['loops', async () => 'loops', /Bash was called/],
  ['alerts', async () => 'alerts', /siem/],
  ['audit', async () => 'audit', /Verify the chain/],
  ['settings-keys', async () => 'settings', /Gateway keys/],
  ['settings-users', async () => 'settings?tab=users', /Users/],
  ['settings-prices', async () => 'settings?tab=prices', /claude-opus-5-5/],
  ['settings-rules', async () => 'settings?tab=rules', /docs\/reference\/configuration\.md/],
  ['settings-gateway', async () => 'settings?tab=gateway', /Upstream/],
]

it.each(screens)(
  '%s shows its data without barriers, in light and in dark, and fits a phone',
  async (name, path, words) => {
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 1440, height: 900 })
    await open(await path())
    await page.getByText(words).first().waitFor()
    await takePicture(page, `${name}-light`)
    expect(await findBarriers(page)).toEqual([])

    await page.emulateMedia({ colorScheme: 'dark' })
    await redraw(page)
    await takePicture(page, `${name}-dark`)
    expect(await findBarriers(page, colourRules)).toEqual([])

    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 390, height: 844 })
    await redraw(page)
    await takePicture(page, `${name}-narrow`)
    // Nothing but tables scrolls sideways.
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  },
)
