/** What people do in the dashboard, against a real gateway. */

import type Anthropic from '@anthropic-ai/sdk'
import { afterAll, expect, it } from 'vitest'
import { findBarriers, takePicture } from './stage/looks.js'
import { openStage } from './stage/stage.js'
import { callOnce, clientAt } from './stage/traffic.js'

const { gateway, browser, page, open, close } = await openStage({ requireLogin: true })
afterAll(close)

/** What a program is told: `answered`, or the error of the SDK. */
function answerOf(client: Anthropic): Promise<string> {
  return callOnce(client).then(
    () => 'answered',
    (error: Error) => error.message,
  )
}

/** The role of whoever signs in with a token; null for nobody. */
async function roleWith(token: string): Promise<string | null> {
  const response = await fetch(`${gateway.url}/runguard/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })
  const { actor } = (await response.json()) as { actor?: { role: string } | null }
  return actor?.role ?? null
}

it('nobody gets in without the token, and with it to the screen that was asked for', async () => {
  await open('budgets')
  await page.getByLabel('Token', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('[aria-invalid=true]').waitFor()
  await takePicture(page, 'sign-in')
  expect(await findBarriers(page)).toEqual([])
  await page.getByLabel('Token', { exact: true }).fill(gateway.adminToken ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Budgets' }).waitFor()
})

it('a key is created, shown once, and its calls are on the account of its team', async () => {
  await open('settings')
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByLabel('Name', { exact: true }).fill('laptop of Ada')
  await page.getByLabel('Team', { exact: true }).fill('web')
  await takePicture(page, 'new-key')
  await page.getByRole('button', { name: 'Create key' }).click()
  const secret = (await page.getByTestId('secret').textContent()) ?? ''
  expect(secret).toMatch(/^rgk_/)
  await takePicture(page, 'new-key-secret')
  expect(await findBarriers(page)).toEqual([])
  await page.getByRole('button', { name: 'I have stored it' }).click()
  await page.getByRole('cell', { name: 'laptop of Ada', exact: true }).waitFor()
  expect(await page.content()).not.toContain(secret)
  await page.getByRole('cell', { name: /^rgk_(?!rgk_)/ }).waitFor()
  await callOnce(clientAt(gateway.url, {}, secret))
  await open('spend?by=team&range=1h')
  await page.getByRole('link', { name: 'web' }).waitFor()
})

it('a key is rotated, and once it is revoked its calls are refused', async () => {
  await open('settings')
  const keys = page.getByRole('table', { name: 'Gateway keys' })
  await keys.getByRole('button', { name: 'Rotate laptop of Ada' }).first().click()
  await page.getByRole('button', { name: 'Rotate key' }).click()
  const secret = (await page.getByTestId('secret').textContent()) ?? ''
  await page.getByRole('button', { name: 'I have stored it' }).click()
  await callOnce(clientAt(gateway.url, {}, secret))
  const revoke = keys.getByRole('button', { name: 'Revoke laptop of Ada' })
  for (let left = await revoke.count(); left > 0; left -= 1) {
    await revoke.first().click()
    await page.getByRole('button', { name: 'Revoke key' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await expect.poll(() => revoke.count()).toBe(left - 1)
  }
  await keys.getByText('revoked').first().waitFor()
  await takePicture(page, 'key-revoked')
  await expect.poll(() => answerOf(clientAt(gateway.url, {}, secret)), { timeout: 10_000 }).toMatch(/^401/)
})

it('a user is added, signs in with the token that was shown, and gets another role', async () => {
  await open('settings?tab=users')
  await page.getByRole('button', { name: 'New user' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Name').fill('Grace Hopper')
  await form.getByLabel('Id').fill('grace')
  await takePicture(page, 'new-user')
  expect(await findBarriers(page)).toEqual([])
  await form.getByRole('button', { name: 'Save user' }).click()
  const token = (await page.getByTestId('secret').textContent()) ?? ''
  await page.getByRole('button', { name: 'I have stored it' }).click()
  const users = page.getByRole('table', { name: 'Users' })
  await users.getByRole('cell', { name: 'viewer', exact: true }).waitFor()
  expect(await roleWith(token)).toBe('viewer')
  await users.getByRole('button', { name: 'Edit Grace Hopper' }).click()
  await form.getByLabel('Role').selectOption('operator')
  await form.getByRole('button', { name: 'Save user' }).click()
  await users.getByRole('cell', { name: 'operator', exact: true }).waitFor()
  expect(await roleWith(token)).toBe('operator')
})

it('an alert is acknowledged, and its message is sent again', async () => {
  await open('alerts')
  const alert = page.getByRole('row', { name: /Stopped a loop in session in-circles/ }).first()
  await alert.getByRole('button', { name: 'Acknowledge' }).click()
  await alert.getByText('taken by Administrator').waitFor()
  const deliveries = page.getByRole('table', { name: 'Deliveries' })
  await deliveries.getByText('delivered').first().waitFor()
  const before = gateway.receiver.bodies.length
  await deliveries.getByRole('button', { name: 'Send again' }).first().click()
  await expect.poll(() => gateway.receiver.bodies.length, { timeout: 10_000 }).toBeGreaterThan(before)
})

it('a model is held and let go again, and the very next call hears of both', async () => {
  await open('loops')
  await page.getByRole('button', { name: 'Hold calls' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('claude-haiku-5-5')
  await takePicture(page, 'hold-calls')
  expect(await findBarriers(page)).toEqual([])
  await page.getByRole('dialog').getByRole('button', { name: 'Hold', exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(await answerOf(clientAt(gateway.url))).toMatch(/^402/)
  const breaker = page.getByRole('row', { name: /model:claude-haiku-5-5/ })
  await takePicture(page, 'held')
  await breaker.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Close breaker' }).click()
  await breaker.waitFor({ state: 'detached' })
  expect(await answerOf(clientAt(gateway.url))).toBe('answered')
})

it('a budget is tried on the past, saved, changed and removed', async () => {
  await open('budgets')
  await page.getByRole('button', { name: 'New budget' }).click()
  await page.getByLabel('Limit in dollars').fill('0.01')
  await page.getByRole('button', { name: 'Try it on the last' }).click()
  await page.getByText(/calls \(\$.*it would have refused/).waitFor()
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
  expect(await answerOf(client)).toMatch(/^402/)
  await takePicture(page, 'session-held')
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(await answerOf(client)).toBe('answered')
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
  await page.getByLabel('Token', { exact: true }).fill(gateway.adminToken ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Cache' }).waitFor()
})
