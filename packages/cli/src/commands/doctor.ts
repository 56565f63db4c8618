/** `runguard doctor`: what stands in the way, and how to mend it. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadPriceBook, priceList } from '@runguard/sdk/core'
import { type ExitCode, exitCodes } from '../exit.js'
import { pingGateway } from '../operations/gateway-ping.js'
import { checkPrices } from '../operations/price-check.js'
import { type ConfigFile, findConfig } from '../settings/config-file.js'
import type { Environment } from '../settings/environment.js'
import { changeStore, choosePlace, describePlace } from '../settings/open-store.js'
import type { StoreFlags } from '../settings/store-place.js'
import { printable } from '../views/format.js'

/** The flags of `doctor`. */
export interface DoctorOptions extends StoreFlags {
  readonly gateway: string
  readonly json?: boolean
}

/** What was looked at. `warning`: it works, and may not be what was meant. */
export interface Finding {
  readonly name: string
  readonly state: 'ok' | 'warning' | 'failure'
  readonly text: string
  /** What to do; empty where there is nothing to do. */
  readonly mend: string
}

/** Looks at everything, and fails if something has to be mended. */
export async function runDoctor(environment: Environment, options: DoctorOptions): Promise<ExitCode> {
  const { terminal } = environment
  const { file, finding: config } = await checkConfig(environment, options)
  const findings = [
    checkNode(process.versions.node),
    config,
    await checkStore(environment, options, file),
    await checkGateway(options.gateway),
    ...checkBaseUrl(environment, options.gateway),
    checkCredential(environment),
    checkClock(environment.now()),
    checkPriceAge(environment.now()),
  ]
  if (options.json) terminal.print(JSON.stringify({ findings }))
  else for (const finding of findings) terminal.print(lineOf(finding, terminal.colors))
  return findings.some(({ state }) => state === 'failure') ? exitCodes.failure : exitCodes.ok
}

function lineOf({ name, state, text, mend }: Finding, colors: Environment['terminal']['colors']): string {
  const mark = { ok: colors.green('ok  '), warning: colors.yellow('look'), failure: colors.red('FAIL') }[state]
  return `${mark}  ${name.padEnd(8)}  ${text}${mend === '' ? '' : `\n                ${mend}`}`
}

function ok(name: string, text: string): Finding {
  return { name, state: 'ok', text, mend: '' }
}

const NEEDED = [20, 19] as const

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
  if (isEnough) return ok('node', version)
  return { name: 'node', state: 'failure', text: version, mend: `Install Node.js ${NEEDED.join('.')} or newer.` }
}

async function checkConfig(environment: Environment, { config }: DoctorOptions) {
  try {
    const file = await findConfig(environment, config)
    const text = file === null ? 'none, the defaults hold (write one with:  runguard init)' : `${file.path} is valid`
    return { file, finding: ok('config', text) }
  } catch (error) {
    const mend = 'Mend the lines that are named, or move the file away.'
    return { file: null, finding: failure('config', error, mend) }
  }
}

/** Makes the store if need be, as the gateway would. */
async function checkStore(environment: Environment, options: DoctorOptions, file: ConfigFile | null): Promise<Finding> {
  try {
    const place = choosePlace(environment, options, file)
    await changeStore(place, async (store) => {
      await store.listBudgets()
      // Damage shows where something is read.
      await store.report({ groupBy: 'total' })
      await store.balances({})
    })
    return ok('store', `${describePlace(place)} can be read and written`)
  } catch (error) {
    return failure('store', error, 'Choose another place with --data or --store.')
  }
}

function failure(name: string, error: unknown, mend: string): Finding {
  return { name, state: 'failure', text: (error as Error).message.replaceAll('\n', '\n                '), mend }
}

async function checkGateway(url: string): Promise<Finding> {
  const { kind, version } = await pingGateway(url)
  if (kind === 'answers') return ok('gateway', `${url} answers, version ${version}`)
  if (kind === 'silent') {
    const mend = 'Look at its log, and start it again: clients of it wait in vain.'
    return { name: 'gateway', state: 'failure', text: `${url} does not answer: it hangs`, mend }
  }
  return {
    name: 'gateway',
    state: 'warning',
    text: `none at ${url}`,
    mend: 'Start it with:  runguard   (not needed for:  runguard run -- …)',
  }
}

/** Claude Code takes the variable from its settings as well, and those come before the shell. */
function checkBaseUrl(environment: Environment, gateway: string): Finding[] {
  const { homeDirectory, workingDirectory, variable } = environment
  const folder = variable('CLAUDE_CONFIG_DIR') || join(homeDirectory, '.claude')
  const places: [string, string | undefined][] = [
    ['the shell', variable('ANTHROPIC_BASE_URL')],
    ["Claude Code's settings.json", settingOf(join(folder, 'settings.json'))],
    ['.claude/settings.json', settingOf(join(workingDirectory, '.claude', 'settings.json'))],
    ['.claude/settings.local.json', settingOf(join(workingDirectory, '.claude', 'settings.local.json'))],
  ]
  const set = places.filter(([, url]) => url !== undefined && url !== '')
  if (set.length === 0) {
    const mend = `export ANTHROPIC_BASE_URL=${gateway}   (not needed for:  runguard run -- …)`
    return [{ name: 'base URL', state: 'warning', text: 'clients of this shell go to the API directly', mend }]
  }
  return set.map(([place, url = '']) => {
    const text = `${printable(url, 100)} in ${place}`
    if (leadsTo(url, gateway)) return ok('base URL', text)
    return { name: 'base URL', state: 'warning', text: `${text} is not ${gateway}`, mend: `Set it to ${gateway}.` }
  })
}

/** By its name or by its number, with a slash at the end or a project behind it: it is the same gateway. */
function leadsTo(url: string, gateway: string): boolean {
  const plain = (text: string): string => text.replace('//localhost', '//127.0.0.1').replace(/\/+$/, '')
  return `${plain(url)}/`.startsWith(`${plain(gateway)}/`)
}

const CREDENTIALS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'] as const

/** Only whether it is there: what it is nobody has to see. */
function checkCredential({ variable }: Environment): Finding {
  const set = CREDENTIALS.filter((name) => (variable(name) ?? '') !== '')
  if (set.length > 0) return ok('key', `${set.join(' and ')} ${set.length > 1 ? 'are' : 'is'} set in the shell`)
  const mend = 'export ANTHROPIC_API_KEY=…   (Claude Code can do without: it has a sign-in of its own)'
  return { name: 'key', state: 'warning', text: 'programs of this shell find no key', mend }
}

function settingOf(path: string): string | undefined {
  try {
    const { env } = JSON.parse(readFileSync(path, 'utf8')) as { env?: { ANTHROPIC_BASE_URL?: unknown } }
    const url = env?.ANTHROPIC_BASE_URL
    return typeof url === 'string' ? url : undefined
  } catch {
    return undefined
  }
}

/** Calls are priced and budgets renewed by this clock. */
function checkClock(nowMs: number): Finding {
  const text = new Date(nowMs).toISOString()
  if (nowMs >= Date.parse(priceList.asOf)) return ok('clock', text)
  return { name: 'clock', state: 'failure', text: `${text} is before the price list was made`, mend: 'Set the clock.' }
}

function checkPriceAge(nowMs: number): Finding {
  const asOfMs = Date.parse(priceList.asOf)
  const findings = checkPrices({ book: loadPriceBook(priceList), asOfMs, nowMs, usedModels: [] })
  const old = findings.find(({ kind }) => kind === 'attention')
  if (old === undefined) return ok('prices', `as of ${priceList.asOf}`)
  return { name: 'prices', state: 'warning', text: old.text, mend: 'Update RunGuard; see also:  runguard prices check' }
}
