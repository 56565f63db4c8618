/** What is shown as it happens, and what is said where nothing is heard any more. */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { type OpenBrowser, openBrowser } from './stage/browser.js'
import { busyAnswers } from './stage/canned-answers.js'
import { type CannedGateway, openCannedGateway } from './stage/canned-gateway.js'
import { busyCall, signedIn } from './stage/canned-items.js'
import { colourRules, findBarriers, redraw, settle, takePicture } from './stage/looks.js'

const NOW = Date.now()

let browser: OpenBrowser
let page: Page

beforeAll(async () => {
  browser = await openBrowser()
})

afterAll(() => browser?.close())

beforeEach(async () => {
  page = await browser.context.newPage()
  return () => page.close()
})

async function openGateway(): Promise<CannedGateway> {
  const gateway = await openCannedGateway(busyAnswers(NOW))
  onTestFinished(() => gateway.close())
  return gateway
}

it('a call that ended while the page was opening is shown without another event', async () => {
  const gateway = await openGateway()
  let letThrough = (): void => {}
  const isOpen = new Promise<void>((resolve) => {
    letThrough = resolve
  })
  await page.route('**/runguard/events', async (route) => {
    await isOpen
    await route.continue()
  })
  await page.goto(`${gateway.url}calls`)
  await settle(page)
  await page.getByText('connecting').first().waitFor()
  const call = { ...busyCall(3, NOW), id: 'rg_between' }
  gateway.answers.calls = { items: [{ ...call, scope: { ...call.scope, session: 'in-between' } }], next: null }
  expect(await page.getByText('in-between').count()).toBe(0)
  letThrough()
  await page.getByRole('cell', { name: 'in-between' }).waitFor({ timeout: 10_000 })
})

it('a screen is read once where nothing happens while it opens, and again when something does', async () => {
  await page.clock.install()
  const gateway = await openGateway()
  gateway.answers.session = { ...signedIn(), lastEvent: 'hub-7' }
  const reads: string[] = []
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    if (pathname.startsWith('/runguard/api/')) reads.push(pathname)
  })
  await page.goto(`${gateway.url}budgets`)
  await settle(page)
  await page.getByText('live', { exact: true }).first().waitFor()
  await page.clock.runFor(10_000)
  expect(reads.toSorted()).toEqual([...new Set(reads)].toSorted())
  expect(reads).toContain('/runguard/api/budgets')
  reads.length = 0
  const isReadAgain = page.waitForResponse(/\/runguard\/api\/budgets$/)
  gateway.tell({ kind: 'budgets', at: NOW })
  await page.clock.runFor(1_000)
  await isReadAgain
})

it('a gateway that hangs is not called live: since when nothing came is said, until it goes on', async () => {
  await page.clock.install()
  const gateway = await openGateway()
  await page.goto(gateway.url)
  await settle(page)
  await page.getByText('live', { exact: true }).first().waitFor()
  gateway.tell({ kind: 'beat', at: NOW })
  await page.clock.runFor(30_000)
  expect(await page.getByText(/no news/).count()).toBe(0)
  gateway.hang(true)
  await page.clock.runFor(40_000)
  await page
    .getByText(/^no news since \d\d:\d\d$/)
    .first()
    .waitFor()
  await page.getByText(/No news from the gateway since/).waitFor()
  expect(await page.getByText('live', { exact: true }).count()).toBe(0)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await redraw(page)
    await takePicture(page, `no-news-${colorScheme}`)
    expect(await findBarriers(page, colorScheme === 'dark' ? colourRules : undefined)).toEqual([])
  }
  gateway.hang(false)
  await page.getByText('live', { exact: true }).first().waitFor()
  expect(await page.getByText(/No news/).count()).toBe(0)
})
