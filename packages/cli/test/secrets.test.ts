/** A whole run with secrets in every place that has one, and a search for them in everything that it produced. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeHome, runCli, startCli } from './cli.js'

/** Long, and nothing like anything that could be there by chance. */
const planted = {
  UPSTREAM_KEY: 'sk-ant-PLANTEDupstream0123456789abcdef',
  CALLER_KEY: 'sk-ant-PLANTEDcaller0123456789abcdef',
  ADMIN_TOKEN: 'PLANTEDadmin0123456789abcdef0123456789abcdef',
  SLACK_PATH: 'T0PLANTED/B0PLANTED/PLANTEDslack0123456789',
  PAGERDUTY_KEY: 'PLANTEDpager0123456789abcdef0123',
  WEBHOOK_SECRET: 'PLANTEDwebhook0123456789abcdef',
  SMTP_PASSWORD: 'PLANTEDsmtp0123456789!+/=',
  OTLP_TOKEN: 'PLANTEDotlp0123456789abcdef',
  PROMPT: 'PLANTEDprompt what is in the vault',
  ANSWER: 'PLANTEDanswer gold is in the vault',
} as const

/** What must be nowhere, whole or in another writing. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('base64'),
    bytes.toString('hex'),
  ]
}

function leaksIn(produced: ReadonlyMap<string, string>, secrets: Readonly<Record<string, string>>): string[] {
  return [...produced].flatMap(([place, text]) =>
    Object.entries(secrets).flatMap(([name, secret]) =>
      formsOf(secret).some((form) => text.includes(form)) ? [`${name} in ${place}`] : [],
    ),
  )
}

async function serve(
  answer: (request: IncomingMessage, text: string, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    request.on('end', () => answer(request, text, response))
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An API that, when it refuses, repeats what it was told, as careless ones do. */
const startUpstream = (): Promise<string> =>
  serve((request, text, response) => {
    response.setHeader('content-type', 'application/json')
    if (text.includes('refuse me')) {
      const message = `bad key ${request.headers['x-api-key']} for ${text}`
      response.writeHead(401).end(JSON.stringify({ type: 'error', error: { type: 'authentication_error', message } }))
      return
    }
    const content = [{ type: 'text', text: planted.ANSWER }]
    const usage = { input_tokens: 2_000, output_tokens: 90 }
    const kind = { type: 'message', role: 'assistant', model: 'claude-opus-5-5', stop_reason: 'end_turn' }
    response.end(JSON.stringify({ id: 'msg_1', ...kind, content, usage }))
  })

const configuration = (receiver: string): string => `
budgets:
  - { scope: everything, limit: $0.02, window: day, thresholds: [1, 50] }
access:
  upstreamKey: \${UPSTREAM_KEY}
  adminToken: \${ADMIN_TOKEN}
alerts:
  channels:
    ops: { kind: slack, url: '\${SLACK_URL}' }
    night: { kind: pagerduty, routingKey: '\${PAGERDUTY_KEY}', url: '${receiver}/v2/enqueue' }
    hook: { kind: webhook, url: '${receiver}/hook', secret: '\${WEBHOOK_SECRET}' }
    mail: { kind: email, host: 127.0.0.1, port: 1, security: none, user: rg, password: '\${SMTP_PASSWORD}', from: a@b.c, to: [d@e.f] }
  rules: [{ send: [ops, night, hook, mail], severity: info }]
telemetry:
  otlp: { endpoint: '${receiver}', headers: { authorization: '\${OTLP_TOKEN}' }, interval: 200ms }
`

function call(url: string, text: string, key: string): Promise<Response> {
  const messages = [{ role: 'user', content: text }]
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': key },
    body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 100, messages }),
  })
}

interface OpenApi {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/**
 * Reads every page that can be read, as an administrator: those that the API describes, and the few that are always there.
 *
 * @returns how many gave what was asked for
 */
async function readPages(url: string, produced: Map<string, string>): Promise<number> {
  const headers = { authorization: `Bearer ${planted.ADMIN_TOKEN}` }
  let given = 0
  const read = async (path: string): Promise<string> => {
    const answer = await fetch(url + path, { headers, signal: AbortSignal.timeout(10_000) })
    const text = await answer.text()
    if (answer.status === 200) given += 1
    produced.set(`GET ${path}`, text)
    return text
  }
  for (const path of ['/', '/runguard/health', '/runguard/ready', '/runguard/metrics']) await read(path)
  const { paths = {} } = JSON.parse(await read('/runguard/api/openapi.json')) as OpenApi
  for (const [path, operations] of Object.entries(paths)) {
    // A stream of events does not end.
    if (!Object.hasOwn(operations, 'get') || path.endsWith('/events')) continue
    const whole = path.startsWith('/runguard') || path.startsWith('/v1') ? path : `/runguard${path}`
    await read(whole.replaceAll(/\{\w+\}/g, 'x'))
  }
  return given
}

/** The key of a caller, as the API gives it once. */
async function makeKey(url: string): Promise<string> {
  const answer = await fetch(`${url}/runguard/api/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${planted.ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'planted', team: 'web' }),
  })
  return /rgk_[\w-]{20,}/.exec(await answer.text())?.[0] ?? ''
}

const commands = [
  ['report', '--json'],
  ['explain', 'last'],
  ['explain', 'last', '--json'],
  ['status'],
  ['doctor'],
  ['alerts', 'ls', '--json'],
  ['alerts', 'deliveries', '--json'],
  ['alerts', 'test', '--json'],
  ['budget', 'ls', '--json'],
  ['ledger', 'verify'],
  ['breaker', 'ls'],
  ['key', 'ls', '--json'],
  ['user', 'ls', '--json'],
  ['audit', 'tail', '--json'],
  ['audit', 'export'],
  ['export', '--json'],
]

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

test('no secret, no prompt and no answer is in anything that a run leaves behind', async () => {
  const home = makeHome()
  const posted = new Map<string, string>()
  const receiver = await serve((request, text, response) => {
    posted.set(`posted ${posted.size} to ${(request.url ?? '').replace(planted.SLACK_PATH, '…')}`, text)
    // Receivers may answer with what they were told.
    response.writeHead(500).end(`${request.url} ${request.headers.authorization} ${text}`)
  })
  writeFileSync(join(home, 'runguard.yaml'), configuration(receiver))
  const environment = { ...planted, SLACK_URL: `${receiver}/services/${planted.SLACK_PATH}` }
  const upstream = await startUpstream()
  const gateway = startCli(
    home,
    ['start', '--port', '0', '--upstream', upstream, '--json', '--log-level', 'info'],
    environment,
  )
  const [, url = ''] = await gateway.outputOf('stderr', /ANTHROPIC_BASE_URL=(\S+)/)
  const key = await makeKey(url)
  const produced = new Map<string, string>()
  for (const text of [planted.PROMPT, `refuse me ${planted.PROMPT}`, planted.PROMPT, planted.PROMPT]) {
    for (const caller of [planted.CALLER_KEY, key]) {
      const answer = await call(url, text, caller)
      for (const [name, value] of answer.headers) produced.set(`header ${name}`, value)
      await answer.text()
    }
  }
  await gateway.outputOf('stdout', /"kind":"alert"/)
  const given = await readPages(url, produced)
  for (const command of commands) {
    const { stdout, stderr } = await runCli(home, command, environment)
    produced.set(`runguard ${command.join(' ')}`, stdout + stderr)
  }
  gateway.child.kill('SIGTERM')
  const { stdout, stderr } = await gateway.finished
  produced.set('stdout of the gateway', stdout)
  produced.set('stderr of the gateway', stderr)
  for (const path of filesIn(home)) produced.set(path.replace(home, '~'), readFileSync(path, 'latin1'))

  // The search finds what is there.
  expect(leaksIn(new Map([['x', `a ${Buffer.from(planted.ADMIN_TOKEN).toString('base64')}`]]), planted)).toEqual([
    'ADMIN_TOKEN in x',
  ])
  expect(stdout).toContain('claude-opus-5-5')
  expect(produced.get('~/.runguard/runguard.db')).toContain('claude-opus-5-5')
  expect(produced.get('runguard alerts test --json')).toContain('"failed"')
  expect(posted.size).toBeGreaterThan(2)
  expect(given).toBeGreaterThan(15)
  expect(key).not.toBe('')

  const secrets = { ...planted, GATEWAY_KEY: key }
  expect(leaksIn(produced, secrets)).toEqual([])
  // PagerDuty is told its own key in the message, nobody else is told any.
  const { PAGERDUTY_KEY: _, ...others } = secrets
  expect(leaksIn(posted, others)).toEqual([])
  expect(
    [...posted].filter(([place, text]) => !place.endsWith('/enqueue') && text.includes(planted.PAGERDUTY_KEY)),
  ).toEqual([])
}, 90_000)
