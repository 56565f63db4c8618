/// <reference lib="dom" />
/** The ladder of a budget, edited in the dashboard of a real gateway. */

import { afterAll, expect, it } from 'vitest'
import { colourRules, findBarriers, redraw, takePicture } from './stage/looks.js'
import { openStage } from './stage/stage.js'

const { gateway, page, open, close } = await openStage()
afterAll(close)

const field = (name: string) => page.getByRole('dialog').getByLabel(name, { exact: true })
const press = async (name: string) => {
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).focus()
  await page.keyboard.press('Enter')
}
/** What stands in the rows, from the first on. */
const rows = () =>
  page
    .getByRole('dialog')
    .getByRole('listitem')
    .filter({ has: page.locator('select') })
    .evaluateAll((items) =>
      items.map((item) => [...item.querySelectorAll('input, select')].map((each) => (each as HTMLInputElement).value)),
    )
const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))

/** What the ladder of a budget did with a call that is made now. */
async function degradedNow(): Promise<string | null> {
  const response = await fetch(`${gateway.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({
      model: 'claude-opus-5-5',
      max_tokens: 900,
      messages: [{ role: 'user', content: 'A short text. [[sim:text 20]]' }],
    }),
  })
  expect(response.status).toBe(200)
  return response.headers.get('x-runguard-degraded')
}

async function lookAtBoth(name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await redraw(page)
    await takePicture(page, `${name}-${colorScheme}`)
    expect(await findBarriers(page, colorScheme === 'dark' ? colourRules : undefined)).toEqual([])
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

it('what is wrong with a step is said beside it, in the words of the configuration', async () => {
  await open('budgets')
  await page.getByRole('button', { name: 'New budget' }).click()
  await press('Add a step')
  await press('Add a step')
  await press('Add a step')
  expect(await rows()).toEqual([
    ['80%', 'cheaper-tier', ''],
    ['90%', 'lower-effort', 'low'],
    ['95%', 'tighter-max-tokens', '4096'],
  ])
  await field('Share of step 1').fill('soon')
  await field('Most output tokens of step 3').fill('few')
  await field('Alert at percent').fill('2000')
  await field('Alert at percent').fill('80')
  await press('Save budget')
  const share = page.getByText("must be a share of the limit above 0: 0.8 or '80%', at most 1")
  await share.waitFor()
  await page.getByText('must be a number').waitFor()
  expect(await focused()).toBe('Share of step 1')
  expect(await field('Share of step 1').getAttribute('aria-describedby')).toBe(await share.getAttribute('id'))
  await lookAtBoth('ladder-wrong')
  await field('Share of step 1').fill('70')
  expect(await share.count()).toBe(0)
  expect(await page.getByText('must be a number').count()).toBe(1)
  await field('Most output tokens of step 3').fill('600')
})

it('steps are moved by the keyboard, and the focus stays with the step', async () => {
  await press('Move step 1 down')
  expect(await rows()).toEqual([
    ['70%', 'lower-effort', 'low'],
    ['90%', 'cheaper-tier', ''],
    ['95%', 'tighter-max-tokens', '600'],
  ])
  expect(await focused()).toBe('Move step 2 down')
  await page.keyboard.press('Enter')
  expect((await rows()).map(([, kind]) => kind)).toEqual(['lower-effort', 'tighter-max-tokens', 'cheaper-tier'])
  await press('Move step 3 up')
  expect(await focused()).toBe('Move step 2 up')
  await press('Remove step 1')
  expect((await rows()).map(([, kind]) => kind)).toEqual(['cheaper-tier', 'tighter-max-tokens'])
  await page.keyboard.press('Enter')
  expect((await rows()).map(([, kind]) => kind)).toEqual(['cheaper-tier', 'lower-effort', 'tighter-max-tokens'])
  await press('Remove step 2')
})

it('a share that is written takes its place, and is shown as it is read', async () => {
  await field('Share of step 2').fill('.5')
  await page.keyboard.press('Tab')
  expect(await rows()).toEqual([
    ['50%', 'tighter-max-tokens', '600'],
    ['90%', 'cheaper-tier', ''],
  ])
})

it('a ladder is tried on the past, saved, and holds for the next call, until its steps are taken out', async () => {
  await field('Share of step 1').fill('0.0001%')
  await field('Share of step 2').fill('0.0002%')
  await field('Tier of step 2').selectOption('small')
  await page.getByRole('button', { name: 'Try it on the last' }).click()
  await page.getByRole('list', { name: 'Calls that its steps would have met' }).waitFor()
  await lookAtBoth('ladder')
  await page.setViewportSize({ width: 390, height: 844 })
  await redraw(page)
  await takePicture(page, 'ladder-narrow')
  await page.setViewportSize({ width: 1440, height: 900 })
  expect(await degradedNow()).toBeNull()
  await press('Save budget')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByText('from 0.0001%: max_tokens 600; from 0.0002%: the tier small').waitFor()
  // Of a budget that has just been made nothing is used before the first call.
  await expect.poll(degradedNow).toBe('cheaper-tier; at=0.000002, tighter-max-tokens; at=0.000001')
  await page.getByRole('button', { name: 'Edit everything/day' }).click()
  await press('Remove step 1')
  await press('Remove step 1')
  await press('Save budget')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(await degradedNow()).toBeNull()
})

it('the audit log has both changes, with what was there before', async () => {
  await open('audit')
  const changes = page.getByRole('row', { name: /budgets\.write everything\/day/ })
  await changes.filter({ hasText: 'to: small) → nothing' }).first().waitFor()
  await takePicture(page, 'ladder-audit')
})

it('a budget of the file is not for changing here, and says why', async () => {
  await open('budgets')
  const edit = page.getByRole('button', { name: 'Edit One that runs low' })
  await edit.focus()
  await page.getByRole('tooltip', { name: 'stands in the configuration file and is changed there' }).waitFor()
  await page.keyboard.press('Enter')
  expect(await page.getByRole('dialog').count()).toBe(0)
  await page.getByText('from 0.1%: the next cheaper tier; from 0.2%: max_tokens 600').waitFor()
})

it('a budget for each call has no steps, and says why', async () => {
  await page.getByRole('button', { name: 'New budget' }).click()
  await field('Whose spending').selectOption('request')
  const add = page.getByRole('dialog').getByRole('button', { name: 'Add a step' })
  expect(await add.getAttribute('aria-description')).toMatch(/has no steps/)
})
