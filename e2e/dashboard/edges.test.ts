/// <reference lib="dom" />
/** What an ordinary day does not bring: hostile names, nothing at all, very much, other roles, a gateway that goes away. */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { type OpenBrowser, openBrowser } from './stage/browser.js'
import { busyAnswers } from './stage/canned-answers.js'
import { type Answers, openCannedGateway, Refused } from './stage/canned-gateway.js'
import { busyCall, busySession, signedIn } from './stage/canned-items.js'
import { emptyAnswers } from './stage/empty-answers.js'
import { colourRules, findBarriers, redraw, settle, takePicture } from './stage/looks.js'

const NOW = Date.now()
const HOSTILE = '<img src=x onerror="window.hurt=1">\u202Eesrever 🦊 "quotes" & a/b?c#d %41'

let browser: OpenBrowser
let page: Page
const errors: string[] = []

beforeAll(async () => {
  browser = await openBrowser()
  page = await browser.context.newPage()
  page.on('pageerror', (error) => errors.push(error.message))
})

afterAll(() => browser?.close())

async function openWith(answers: Answers, path = ''): Promise<Awaited<ReturnType<typeof openCannedGateway>>> {
  const gateway = await openCannedGateway(answers)
  onTestFinished(() => gateway.close())
  await page.goto(gateway.url + path)
  await settle(page)
  return gateway
}

it('names with markup, reversed text and emoji are shown as they are, also in links', async () => {
  const session = { ...busySession(1, NOW), id: HOSTILE, user: HOSTILE }
  const answers = busyAnswers(NOW)
  const detail = answers['sessions/refactor-billing-1'] as { session: unknown }
  await openWith(
    {
      ...answers,
      sessions: { items: [session], next: null },
      [`sessions/${HOSTILE}`]: { ...detail, session },
    },
    'sessions',
  )
  await page.getByRole('link', { name: '<img src=x' }).click()
  await page.getByRole('heading', { level: 1, name: '<img src=x' }).waitFor()
  await page.getByText('Cost so far').waitFor()
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  expect(errors).toEqual([])
  await takePicture(page, 'hostile-name')
})

it('ten thousand sessions are shown a hundred at a time', async () => {
  const items = Array.from({ length: 10_000 }, (_, index) => busySession(index % 40, NOW)).map((each, index) => ({
    ...each,
    id: `s-${index}`,
  }))
  await openWith({ ...busyAnswers(NOW), sessions: { items, next: null } }, 'sessions')
  expect(await page.getByRole('row').count()).toBe(101)
  await page.getByRole('button', { name: /9,900 left/ }).click()
  expect(await page.getByRole('row').count()).toBe(201)
})

const SCREENS = [
  '',
  'spend',
  'sessions',
  'calls',
  'cache',
  'routes',
  'batches',
  'budgets',
  'loops',
  'alerts',
  'audit',
  'settings',
  'settings?tab=users',
  'settings?tab=rules',
]

it.each(SCREENS)('/%s says what to do where there is nothing yet', async (path) => {
  await openWith(emptyAnswers(NOW), path)
  await takePicture(page, `empty-${path === '' ? 'now' : path.replace(/\W+/g, '-')}`)
  expect(await findBarriers(page)).toEqual([])
  expect(errors).toEqual([])
})

it('a viewer is told why a button is not for them, by pointer and keyboard, and pressing it does nothing', async () => {
  const gateway = await openWith({ ...busyAnswers(NOW), session: signedIn('viewer') }, 'budgets')
  const button = page.getByRole('button', { name: 'New budget' })
  expect(await button.getAttribute('aria-disabled')).toBe('true')
  await button.focus()
  await page.getByText('This needs the role admin; yours is viewer.').first().waitFor()
  await page.keyboard.press('Enter')
  expect(await page.getByRole('dialog').count()).toBe(0)
  await page.goto(`${gateway.url}audit`)
  await page.getByText('Not for your role').waitFor()
  expect(gateway.changes).toEqual([])
})

it('whoever signs in again sees what has happened meanwhile', async () => {
  const gateway = await openWith({ ...busyAnswers(NOW), session: { ...signedIn(), lastEvent: 'hub-6' } }, 'budgets')
  await page.getByRole('button', { name: 'New budget' }).waitFor()
  gateway.answers.session = { ...signedIn(), actor: null, csrfToken: null }
  gateway.answers.spend = new Refused(401, 'Sign in first.')
  await page.getByRole('link', { name: 'Spend' }).click()
  await page.getByLabel('Token', { exact: true }).waitFor()
  await page.goBack()
  const { items } = gateway.answers.budgets as { items: readonly object[] }
  gateway.answers.budgets = { items: items.map((each) => ({ ...each, name: 'Changed meanwhile' })), next: null }
  gateway.answers['POST login'] = signedIn()
  gateway.answers.session = { ...signedIn(), lastEvent: 'hub-7' }
  await page.getByLabel('Token', { exact: true }).fill('a token')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Changed meanwhile' }).first().waitFor({ timeout: 10_000 })
})

it('a gateway that goes away is told of, and what was seen stays; when it comes back, so does everything', async () => {
  const first = await openCannedGateway(busyAnswers(NOW))
  await page.goto(first.url)
  await settle(page)
  await page.getByText('live', { exact: true }).first().waitFor()
  const port = Number(new URL(first.url).port)
  await first.close()
  await page.getByText(/No news from the gateway since/).waitFor()
  expect(await page.getByText('$41.87').count()).toBe(1)
  await takePicture(page, 'gateway-away')
  await page.getByRole('link', { name: 'Audit' }).click()
  await page.getByText('This part could not be loaded').waitFor()
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('button', { name: 'Menu' }).click()
  await page.getByRole('banner').getByText('This part could not be loaded').waitFor()
  await page.setViewportSize({ width: 1440, height: 900 })
  const second = await openCannedGateway(busyAnswers(NOW), port)
  onTestFinished(() => second.close())
  await page.getByText(/No news from the gateway since/).waitFor({ state: 'detached', timeout: 15_000 })
  await page.getByRole('main').getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor()
})

it('an event is shown at once, and the same one again changes nothing', async () => {
  const gateway = await openWith(busyAnswers(NOW))
  await page.getByText('live', { exact: true }).first().waitFor()
  const call = { ...busyCall(999, NOW), startedAt: NOW, costNano: 1_000_000_000 }
  gateway.answers.overview = new Refused(503, 'busy')
  gateway.tell({ kind: 'call', at: NOW, call })
  gateway.tell({ kind: 'call', at: NOW, call })
  await page.getByTestId('spent-today').getByText('$42.87').waitFor()
})

it('an unmetered call says so in place of a price, an estimate is marked, and a loss has a minus', async () => {
  const answers = busyAnswers(NOW)
  const unmetered = {
    ...busyCall(1, NOW),
    ending: { kind: 'unmetered' as const, reason: 'unmetered-endpoint' },
    costNano: 0,
  }
  await openWith(
    {
      ...answers,
      calls: { items: [unmetered, { ...busyCall(2, NOW), isEstimated: true, savedNano: -20_000_000 }], next: null },
    },
    'calls',
  )
  await page.getByText('not metered').waitFor()
  await page.getByText('est.').first().waitFor()
  await page.getByText('−$0.02', { exact: false }).waitFor()
})

it('a refused call says which budget refused it, and its row leads there', async () => {
  await openWith(busyAnswers(NOW), 'calls')
  await page.getByRole('link', { name: 'refused by team:web/day' }).first().click()
  await page.getByRole('heading', { level: 1, name: 'Budgets' }).waitFor()
  const meant = page.locator('[aria-current=true]').filter({ hasText: 'Web team' })
  await meant.waitFor()
  expect(await meant.evaluate((row) => row.getBoundingClientRect().bottom <= innerHeight)).toBe(true)
  expect(await findBarriers(page)).toEqual([])
})

it('a budget that is gone says so to those who come from a call that it refused', async () => {
  await openWith(busyAnswers(NOW), 'budgets?id=long%20gone')
  await page.getByText('The budget long gone is no longer there.').waitFor()
})

it('calls are narrowed to one refusal, and the address says so', async () => {
  const answers = busyAnswers(NOW)
  const asked: (string | null)[] = []
  const calls = (query: URLSearchParams) => {
    asked.push(query.get('refusal'))
    return { items: query.get('refusal') === 'runguard_budget_exceeded' ? [busyCall(7, NOW)] : [], next: null }
  }
  const gateway = await openWith({ ...answers, calls }, 'calls')
  await page.getByLabel('Refused for').selectOption('over budget')
  await page.getByRole('link', { name: 'refused by team:web/day' }).waitFor()
  expect(new URL(page.url()).searchParams.get('refusal')).toBe('runguard_budget_exceeded')
  await page.goBack()
  await page.getByText('No calls here').waitFor()
  expect(await page.getByLabel('Refused for').inputValue()).toBe('')
  await page.goto(`${gateway.url}calls?refusal=runguard_of_tomorrow`)
  await page.getByText('No calls here').waitFor()
  expect(await page.getByLabel('Refused for').locator('option:checked').textContent()).toBe('of tomorrow')
  expect(asked).toEqual(expect.arrayContaining([null, 'runguard_budget_exceeded', 'runguard_of_tomorrow']))
  expect(await findBarriers(page)).toEqual([])
  await page.goto(gateway.url)
  await page.getByRole('link', { name: 'refused: over budget' }).click()
  await page.getByRole('link', { name: 'refused by team:web/day' }).waitFor()
  expect(await findBarriers(page)).toEqual([])
  await takePicture(page, 'calls-refused')
  await page.emulateMedia({ colorScheme: 'dark' })
  await redraw(page)
  await takePicture(page, 'calls-refused-dark')
  expect(await findBarriers(page, colourRules)).toEqual([])
  await page.emulateMedia({ colorScheme: 'light' })
})

it('a session with an estimated call says so of its cost, in every list', async () => {
  const answers = busyAnswers(NOW)
  const sessions = [busySession(2, NOW), busySession(3, NOW)]
  const overview = { ...(answers.overview as object), activeSessions: sessions }
  const gateway = await openWith({ ...answers, overview, sessions: { items: sessions, next: null } }, 'sessions')
  await page.getByRole('row', { name: /refactor-billing-2 .*\$0\.9940 est\./ }).waitFor()
  expect(await page.getByRole('row', { name: /refactor-billing-3 .*est\./ }).count()).toBe(0)
  await page.goto(gateway.url)
  await page.getByRole('link', { name: /refactor-billing-2 .*\$0\.9940 est\./ }).waitFor()
  expect(await page.getByRole('link', { name: /refactor-billing-3 .*est\./ }).count()).toBe(0)
})

it('what only observed is no refusal, and says what it would have done', async () => {
  const answers = busyAnswers(NOW)
  const refused = busyCall(7, NOW)
  const call = { ...busyCall(5, NOW), refusal: refused.refusal && { ...refused.refusal, isEnforced: false } }
  const detail = answers[`calls/${call.id}`] as object
  const gateway = await openWith(
    { ...answers, calls: { items: [call], next: null }, [`calls/${call.id}`]: { ...detail, refusal: call.refusal } },
    'calls',
  )
  await page.getByText('would be refused').waitFor()
  expect(await page.getByRole('link', { name: /refused by/ }).count()).toBe(0)
  await page.goto(`${gateway.url}call?id=${call.id}`)
  await page.getByRole('heading', { name: 'Would have been refused' }).waitFor()
  await page.getByText(/What was left was not enough: \$79.61 of \$80.00 was spent/).waitFor()
})

it('tries of a cascade that were not good enough are marked and added up, in the session and at the call', async () => {
  const answers = busyAnswers(NOW)
  const tryOf = (index: number, attempt: number) => {
    const cascade = { id: 'c1', attempt, tier: attempt === 1 ? 'small' : 'large', asked: 'claude-opus-5-5' }
    return { ...busyCall(index, NOW), cascade, costNano: attempt * 30_000_000, cumulativeNano: 90_000_000 }
  }
  const [first, second] = [tryOf(2, 1), tryOf(1, 2)]
  const session = answers['sessions/refactor-billing-1'] as object
  const tries = [first, second].map(({ id, cascade: { attempt, tier }, model, status, costNano, isEstimated }) => {
    return { id, attempt, tier, model, status, costNano, isEstimated }
  })
  const detail = { ...(answers[`calls/${busyCall(5, NOW).id}`] as object), ...second, tries }
  const gateway = await openWith(
    {
      ...answers,
      'sessions/refactor-billing-1': { ...session, calls: [first, second] },
      [`calls/${second.id}`]: detail,
    },
    'session?id=refactor-billing-1',
  )
  await page.getByText('try 1: not good enough').last().waitFor()
  await page.getByText('$0.03 of it for tries that were not good enough').waitFor()
  await takePicture(page, 'session-cascade')
  await page.goto(`${gateway.url}call?id=${second.id}`)
  const table = page.getByRole('table', { name: 'Tries of the cascade' })
  await table.getByRole('row', { name: /1 small .* not good enough \$0.03/ }).waitFor()
  await table.getByRole('row', { name: /2 large .* answered this call \$0.06/ }).waitFor()
  await takePicture(page, 'call-cascade')
  expect(await findBarriers(page)).toEqual([])
})

it('a try that was answered with an error says so, and so does the last one', async () => {
  const answers = busyAnswers(NOW)
  const call = busyCall(1, NOW)
  const [first, last] = [529, null].map((status, index) => {
    return {
      id: index === 1 ? call.id : 'rg_first',
      attempt: index + 1,
      tier: 'small',
      model: 'm',
      status,
      costNano: 0,
    }
  })
  const tries = [first, last].map((each) => ({ ...each, isEstimated: false }))
  const detail = { ...(answers[`calls/${busyCall(5, NOW).id}`] as object), ...call, tries }
  await openWith({ ...answers, [`calls/${call.id}`]: detail }, `call?id=${call.id}`)
  const table = page.getByRole('table', { name: 'Tries of the cascade' })
  await table.getByRole('row', { name: /1 small .* error 529/ }).waitFor()
  await table.getByRole('row', { name: /2 small .* no answer this call/ }).waitFor()
})

it('what another model saved is an estimate wherever it stands', async () => {
  const answers = busyAnswers(NOW)
  const routed = { ...busyCall(2, NOW), routeReason: 'budget', savedNano: 20_000_000 }
  const gateway = await openWith({ ...answers, calls: { items: [routed], next: null } }, 'calls')
  await page.getByRole('cell', { name: '$0.02 est.' }).waitFor()
  await page.goto(`${gateway.url}routes`)
  await page.getByRole('cell', { name: '$41.00 est.' }).waitFor()
  await page.goto(`${gateway.url}spend`)
  await settle(page)
  expect(await page.getByRole('cell', { name: /^\$\S+ est\.$/ }).count()).toBeGreaterThan(0)
})

it('a session that is read in part knows what its failed tries cost at least', async () => {
  const answers = busyAnswers(NOW)
  const detail = answers['sessions/refactor-billing-1'] as { session: { calls: number }; calls: object[] }
  const tries = [1, 2].map((attempt) => {
    return {
      ...busyCall(attempt, NOW),
      cumulativeNano: 1,
      costNano: 30_000_000,
      cascade: { id: 'c', attempt, tier: 't', asked: 'm' },
    }
  })
  await openWith(
    { ...answers, 'sessions/refactor-billing-1': { ...detail, calls: tries, next: 'more' } },
    'session?id=refactor-billing-1',
  )
  await page.getByText('at least $0.03 of it for tries that were not good enough').waitFor()
})

it('every page of a demonstration says that its amounts are none', async () => {
  const gateway = await openWith({ ...busyAnswers(NOW), session: { ...signedIn(), isSimulated: true } })
  for (const path of ['', 'spend', 'session?id=refactor-billing-1', 'settings']) {
    await page.goto(gateway.url + path)
    await settle(page)
    await page.getByText('Simulated').waitFor()
    expect(await findBarriers(page)).toEqual([])
  }
  await page.goto(gateway.url)
  await settle(page)
  await takePicture(page, 'simulated')
})

it('and a real gateway never says so', async () => {
  await openWith(busyAnswers(NOW))
  expect(await page.getByText('Simulated').count()).toBe(0)
})

it('amounts that still lack calls say so', async () => {
  const answers = busyAnswers(NOW)
  await openWith({ ...answers, overview: { ...(answers.overview as object), isBehind: true } })
  await page.getByText(/still being added up/).waitFor()
})
