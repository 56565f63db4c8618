/** Every part of a configuration is in force, in `runguard start` and in the gateway of `runguard run` alike. */

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startSimulator } from '@runguard/simulator'
import { expect, onTestFinished, test } from 'vitest'
import { makeHome, type Running, runCli, startCli } from './cli.js'

/** Takes everything, and keeps what came to which path. */
async function startReceiver(): Promise<{ readonly url: string; readonly bodies: Map<string, string> }> {
  const bodies = new Map<string, string>()
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const path = request.url ?? ''
      bodies.set(path, (bodies.get(path) ?? '') + Buffer.concat(pieces).toString('latin1'))
      response.end('{}')
    })
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies }
}

const reference = (name: string): string => `"\${${name}}"`

const configuration = (receiver: string): string => `
budgets:
  - { scope: 'team:web', window: day, limit: $0.001, mode: observe }
access:
  requireKeys: true
  upstreamKey: ${reference('UPSTREAM')}
defer:
  webhooks: { hosts: [hooks.example.com], secret: ${reference('HOOK_SECRET')} }
alerts:
  channels:
    ops: { kind: slack, url: ${reference('SLACK')} }
telemetry:
  otlp: { endpoint: ${receiver}/otlp, interval: 1s }
`

/** Calls without a key, with one, and one that may wait and would be told of at a place that nobody allowed. */
const program = `
  const url = process.env.ANTHROPIC_BASE_URL
  const body = JSON.stringify({
    model: 'claude-opus-5-5', max_tokens: 500, messages: [{ role: 'user', content: '[[sim:text 100]]' }],
  })
  const post = async (headers) => {
    const common = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' }
    const response = await fetch(url + '/v1/messages', { method: 'POST', headers: { ...common, ...headers }, body })
    console.log('answer', response.status, (await response.text()).replaceAll('\\n', ' ').slice(0, 300))
  }
  await post({ 'x-api-key': 'sk-ant-test' })
  await post({ 'x-api-key': process.env.GATEWAY_KEY })
  await post({ 'x-api-key': process.env.GATEWAY_KEY, 'x-runguard-defer': '6h', 'x-runguard-webhook': 'https://evil.example/' })
  console.log('made')
  setTimeout(() => {}, 30_000)`

test.each(['start', 'run'] as const)(
  'of a gateway by %s keys, budgets, alerts, telemetry and webhooks are as the file says',
  async (command) => {
    const [simulator, receiver, home] = [await startSimulator(), await startReceiver(), makeHome()]
    onTestFinished(() => simulator.close())
    const secrets = {
      UPSTREAM: 'sk-ant-upstream',
      HOOK_SECRET: 'whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0',
      SLACK: `${receiver.url}/slack`,
    }
    const added = await runCli(home, ['key', 'add', 'ci', '--team', 'web'])
    writeFileSync(join(home, 'runguard.yaml'), configuration(receiver.url))
    const environment = { ...secrets, GATEWAY_KEY: added.stdout.trim() }
    const child = [process.execPath, '--input-type=module', '-e', program]
    const started: Running[] = []
    if (command === 'run')
      started.push(startCli(home, ['run', '--upstream', simulator.url, '--', ...child], environment))
    else {
      const gateway = startCli(home, ['--port', '0', '--upstream', simulator.url], environment)
      const [, url = ''] = await gateway.outputOf('stderr', /ANTHROPIC_BASE_URL=(\S+)/)
      const elsewhere = [
        'run',
        '--upstream',
        url,
        '--data',
        join(home, 'other'),
        '--config',
        join(home, 'none.yaml'),
        '--',
        ...child,
      ]
      writeFileSync(join(home, 'none.yaml'), '')
      started.push(startCli(home, elsewhere, environment), gateway)
    }
    await started[0]?.outputOf('stdout', /made/)
    // The alert is delivered while the gateway still runs, and the rest of it at its end.
    await expect.poll(() => receiver.bodies.get('/slack') ?? '', { timeout: 10_000 }).toContain('team:web/day')
    for (const { child: process, finished } of started) {
      process.kill('SIGTERM')
      await finished
    }
    const { stdout = '' } = (await started[0]?.finished) ?? {}
    const answers = stdout.split('\n').filter((line) => line.startsWith('answer'))
    expect(answers).toEqual([
      expect.stringMatching(/^answer 401 /),
      expect.stringMatching(/^answer 200 /),
      expect.stringMatching(/^answer 400 .*x-runguard-webhook/),
    ])
    expect([...receiver.bodies.keys()]).toEqual(expect.arrayContaining(['/otlp/v1/traces', '/otlp/v1/metrics']))
    const { stdout: budgets } = await runCli(home, ['budget', 'ls', '--json'], secrets)
    expect(JSON.parse(budgets).budgets[0].accounts).toMatchObject([{ spentUsd: '0.00204' }])
  },
  60_000,
)
