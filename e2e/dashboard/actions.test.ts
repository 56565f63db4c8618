/** What people do in the dashboard, against a real gateway. */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OpenBrowser, openBrowser } from './stage/browser.js'
import { findBarriers, settle, takePicture } from './stage/looks.js'
import { openRealGateway, type RealGateway } from './stage/real-gateway.js'
import { callOnce, clientAt, makeTraffic } from './stage/traffic.js'

let gateway: RealGateway
let browser: OpenBrowser
let page: Page

beforeAll(async () => {
  gateway = await openRealGateway({ requireLogin: true })
  await makeTraffic(gateway.url)
  browser = await openBrowser()
  page = await browser.context.newPage()
})

afterAll(async () => {
  await browser?.close()
  await gateway?.close()
})

const open = async (path: string): Promise<void> => {
  await page.goto(`${gateway.url}/runguard/${path}`)
  await settle(page)
}

it('nobody gets in without the token, and with it to the screen that was asked for', async () => {
  await open('budgets')
  await page.getByLabel('Token').fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('[aria-invalid=true]').waitFor()
  await takePicture(page, 'sign-in')
  expect(await findBarriers(page)).toEqual([])
  await page.getByLabel('Token').fill(gateway.adminToken ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Budgets' }).waitFor()
})

it('a key is created, shown once, and its calls are on the account of its team', async () => {
  await open('settings')
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByLabel('Name', { exact: true }).fill('laptop of Ada')
  await page.getByLabel('Team').fill('web')
  await takePicture(page, 'new-key')
  await page.getByRole('button', { name: 'Create key' }).click()
  const secret = (await page.getByTestId('secret').textContent()) ?? ''
  expect(secret).toMatch(/^rgk_/)
  await takePicture(page, 'new-key-secret')
  expect(await findBarriers(page)).toEqual([])
  await page.getByRole('button', { name: 'I have stored it' }).click()
  await page.getByRole('cell', { name: 'laptop of Ada', exact: true }).waitFor()
  expect(await page.content()).not.toContain(secret)
  await callOnce(clientAt(gateway.url, {}, secret))
  await open('spend?by=team&range=1h')
  await page.getByRole('link', { name: 'web' }).waitFor()
})

it('a budget is tried on the past, saved, changed and removed', async () => {
  await open('budgets')
  await page.getByRole('button', { name: 'New budget' }).click()
  await page.getByLabel('Limit in dollars').fill('0.01')
  await page.getByRole('button', { name: 'Try it on the last' }).click()
  await page.getByText(/it would have refused/).waitFor()
  await takePicture(page, 'new-budget')
  expect(await findBarriers(page)).toEqual([])
  await page.getByText('Only watch').click()
  await page.getByRole('button', { name: 'Save budget' }).click()
  await page.getByRole('heading', { name: 'everything/day' }).waitFor()
  await page.getByRole('button', { name: 'Edit everything/day' }).click()
  await page.getByLabel('Limit in dollars').fill('30')
  await page.getByRole('button', { name: 'Save budget' }).click()
  await page.getByText('$30.00').first().waitFor()
  await page.getByRole('button', { name: 'Remove everything/day' }).click()
  await page.getByRole('button', { name: 'Remove budget' }).click()
  await page.getByRole('heading', { name: 'everything/day' }).waitFor({ state: 'detached' })
})

it('a session that was stopped is resumed, and one can be held', async () => {
  await open('session?id=in-circles')
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Resume' }).waitFor({ state: 'detached' })
  await open('session?id=handbook')
  await page.getByRole('button', { name: 'Hold' }).click()
  await page.getByLabel('Note').fill('until Monday')
  await page.getByRole('dialog').getByRole('button', { name: 'Hold' }).click()
  await page.getByText('until Monday').first().waitFor()
  const client = clientAt(gateway.url, { 'x-runguard-session': 'handbook' })
  const answer = () =>
    callOnce(client).then(
      () => 'answered',
      (error: Error) => error.message,
    )
  await expect.poll(answer, { timeout: 10_000 }).toMatch(/^402/)
})

it('a test alert arrives, and its delivery is listed', async () => {
  const before = gateway.receiver.bodies.length
  await open('alerts')
  await page.getByRole('button', { name: 'Test siem' }).click()
  await page.getByText('A test is on its way.').waitFor()
  await expect.poll(() => gateway.receiver.bodies.length, { timeout: 10_000 }).toBeGreaterThan(before)
  await page.getByRole('table', { name: 'Deliveries' }).getByText('delivered').first().waitFor()
  await takePicture(page, 'alert-tested')
})

it('the audit log names what was done, and its chain holds', async () => {
  await open('audit')
  await page.getByRole('table', { name: 'Audit log' }).getByText('keys.create').first().waitFor()
  await page.getByRole('button', { name: 'Verify the chain' }).click()
  await page.getByText(/entries are as they were written/).waitFor()
  await takePicture(page, 'audit-verified')
})

it('somebody who is signed out in the middle sees the door, and comes back to the same screen', async () => {
  await open('cache')
  await browser.context.clearCookies()
  await page.getByRole('radio', { name: '7 days' }).click()
  await page.getByLabel('Token').fill(gateway.adminToken ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Cache' }).waitFor()
})
