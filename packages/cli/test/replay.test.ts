import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sessionOf, traffic } from '../src/demo/traffic.js'
import { makeHome, runCli, startCli } from './cli.js'
import { answer, writeTranscript } from './transcripts.js'

function said(content: unknown, at: string, session = 's1') {
  return { type: 'user', sessionId: session, timestamp: at, isSidechain: false, message: { role: 'user', content } }
}

function timeOf(second: number): string {
  return new Date(Date.UTC(2026, 10, 25, 12) + second * 1_000).toISOString()
}

/** An agent that makes so many rounds of a call, each with another input unless it goes in a loop. */
function agent(session: string, rounds: number, inputOf: (round: number) => unknown, from = 0): unknown[] {
  const lines: unknown[] = [said('Find the mistake.', timeOf(from), session)]
  for (let round = 0; round < rounds; round++) {
    const call = { type: 'tool_use', id: `toolu_${session}_${round}`, name: 'Bash', input: inputOf(round) }
    const at = timeOf(from + round * 20 + 10)
    const entry = answer({ message: `msg_${session}_${round}`, session, at, stopReason: 'tool_use' })
    lines.push({ ...entry, message: { ...entry.message, content: [call] } })
    const result = { type: 'tool_result', tool_use_id: call.id, content: 'up to date' }
    lines.push(said([result], timeOf(from + round * 20 + 15), session))
  }
  lines.push(answer({ message: `msg_${session}_end`, session, at: timeOf(from + rounds * 20 + 20) }))
  return lines
}

function writePolicy(home: string, name: string, text: string): string {
  const path = join(home, name)
  writeFileSync(path, text)
  return path
}

async function replay(home: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await runCli(home, ['replay', '--transcripts', '--json', ...args], { TZ: 'UTC' })
  return { code, stderr, policies: stdout === '' ? [] : JSON.parse(stdout).policies }
}

test('a loop in a transcript is stopped, what would not have been made is saved, and honest work goes on', async () => {
  const home = makeHome()
  writeTranscript(
    home,
    '-srv-app/loop.jsonl',
    agent('loop', 9, () => ({ command: 'npm install' })),
  )
  writeTranscript(
    home,
    '-srv-app/work.jsonl',
    agent('work', 9, (round) => ({ command: `cat file${round}` }), 7),
  )
  const policy = writePolicy(home, 'policy.yaml', 'mode: enforce\n')
  const { code, policies } = await replay(home, '--policy', policy)
  expect(code).toBe(0)
  expect(policies[0]).toMatchObject({
    calls: 20,
    refusals: { runguard_loop_detected: 1 },
    stoppedRuns: 1,
    falseStops: 0,
    levers: { refused: { calls: 1 }, stopped: { calls: 5 } },
    isOverBudget: false,
  })
  expect(policies[0].firstRefusals).toMatchObject([{ session: 'loop' }])
  expect(policies[0].savedNanoUsd).toBeGreaterThan(0)
})

test('to stop a run that found its way out would have been wrong, and is counted', async () => {
  const home = makeHome()
  const inputOf = (round: number) => ({ command: round < 6 ? 'npm install' : `node fix${round}.js` })
  writeTranscript(home, '-srv-app/s.jsonl', agent('s', 9, inputOf))
  const { policies } = await replay(home, '--policy', writePolicy(home, 'policy.yaml', 'mode: enforce\n'))
  expect(policies[0]).toMatchObject({ stoppedRuns: 1, falseStops: 1 })
})

test('a budget that would have been exceeded is an exit code of its own; two policies stand side by side', async () => {
  const home = makeHome()
  writeTranscript(
    home,
    '-srv-app/work.jsonl',
    agent('work', 9, (round) => ({ command: `cat file${round}` })),
  )
  const budget = (limit: string): string => `budgets:\n  - scope: everything\n    window: day\n    limit: ${limit}\n`
  const tight = writePolicy(home, 'tight.yaml', budget('$0.02'))
  const wide = writePolicy(home, 'wide.yaml', budget('$20'))
  const { code, policies } = await replay(home, '--compare', wide, tight)
  expect(code).toBe(3)
  expect(policies).toMatchObject([
    { policy: wide, isOverBudget: false, savedNanoUsd: 0, refusals: {} },
    { policy: tight, isOverBudget: true, stoppedRuns: 1 },
  ])
  expect((await replay(home, '--policy', wide)).code).toBe(0)
  const { stdout } = await runCli(home, ['replay', '--transcripts', '--compare', wide, tight])
  expect(stdout).toMatch(/^cost then +\$0\.\d+ +\$0\.\d+$/m)
  expect(stdout).toMatch(/^saved +\$0\.00 \(0%\) +\$0\.0\d+ \(\d+%\)$/m)
})

test('the demo as it was recorded is decided by its own budgets as it was then: nothing saved, nothing refused', async () => {
  const home = makeHome()
  const demo = startCli(home, ['demo', '--keep'])
  const [, directory = ''] = await demo.outputOf('stderr', /runguard report --data (\S+)/)
  const budgets = traffic.flatMap(({ limit }, index) =>
    limit === undefined ? [] : [`  - { scope: 'session:${sessionOf(index)}', limit: ${limit} }`],
  )
  const own = writePolicy(home, 'own.yaml', `budgets:\n${budgets.join('\n')}\n`)
  const tight = writePolicy(home, 'tight.yaml', "budgets:\n  - { scope: 'session:*', limit: $0.001 }\n")
  const { stdout } = await runCli(home, ['replay', '--compare', own, tight, '--data', directory, '--json'])
  const [same, other] = JSON.parse(stdout).policies
  expect(same).toMatchObject({ calls: 17, savedNanoUsd: 0, refusals: {}, stoppedRuns: 0, isOverBudget: true })
  const used = Object.entries<{ calls: number }>(same.levers).filter(([, { calls }]) => calls > 0)
  expect(used).toEqual([])
  expect(other.savedNanoUsd).toBeGreaterThan(0)
})

test('entries that claim what cannot be do not keep it from an end', async () => {
  const home = makeHome()
  const lines = agent('odd', 3, (round) => ({ command: `cat file${round}` }))
  const usage = { input_tokens: 5, output_tokens: 1e308 }
  const endless = answer({ message: 'msg_endless', session: 'odd', at: timeOf(900) })
  lines.push({ ...endless, message: { ...endless.message, usage } })
  for (const at of ['+275760-09-12T00:00:00.000Z', '-000001-01-01T00:00:00.000Z']) {
    lines.push(said('Go on.', timeOf(1_000), 'odd'), answer({ message: `msg_${at}`, session: 'odd', at }))
  }
  writeTranscript(home, '-srv-app/odd.jsonl', lines)
  const { code, policies } = await replay(home, '--policy', writePolicy(home, 'policy.yaml', 'mode: enforce\n'))
  expect(code).toBe(0)
  // All but the one from before the epoch.
  expect(policies[0].calls).toBe(lines.filter((line) => (line as { type: string }).type === 'assistant').length - 1)
}, 30_000)

test('without a policy, and without calls, it says what to do', async () => {
  const home = makeHome()
  const none = await runCli(home, ['replay', '--transcripts'])
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('--policy')])
  writePolicy(home, 'runguard.yaml', 'mode: enforce\n')
  const empty = await runCli(home, ['replay'])
  expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining('No calls in')])
})
