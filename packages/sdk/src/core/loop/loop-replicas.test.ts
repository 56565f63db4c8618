/**
 * Synthetic replicas of loops that people reported, and of work that looks like one. Recorded runs hold too few of them.
 * Each plays tool calls with input and result as an agent would see them.
 */
import { describe, expect, test } from 'vitest'
import { nanoUsd } from '../cost/money.js'
import { callKey, looseCallKey } from './loop-keys.js'
import type { LoopLimits } from './loop-limits.js'
import { resultKeys } from './loop-result.js'
import { SessionLoopDetector } from './loop-session.js'
import type { LoopStep } from './loop-step.js'
import { type ToolClasses, toolClassOf } from './loop-tools.js'
import { textRepeat } from './text-repeat.js'

interface Act {
  readonly tool: string
  readonly input: unknown
  readonly result: string
  readonly isError?: boolean
}

function stepOf({ tool, input, result, isError = false }: Act, round: number, declared: ToolClasses): LoopStep {
  const [key, looseKey] = [callKey(tool, input), looseCallKey(tool, input)]
  return {
    tool,
    key,
    looseKey,
    ...resultKeys(result),
    isError,
    round,
    toolClass: toolClassOf(tool, input, declared),
    hasRun: true,
  }
}

/** Plays acts, one a round. Answers at which the first notice and the stop came, counted from 1. */
function play(acts: readonly Act[], declared: ToolClasses = {}) {
  const detector = new SessionLoopDetector()
  const tiers = acts.map((act, round) => detector.recordRound([stepOf(act, round, declared)])?.tier ?? null)
  const at = (index: number): number | null => (index < 0 ? null : index + 1)
  return { noticeAt: at(tiers.findIndex((tier) => tier !== null)), stopAt: at(tiers.indexOf('stop')) }
}

function times(count: number, act: (n: number) => Act): readonly Act[] {
  return Array.from({ length: count }, (_, n) => act(n))
}

function bash(command: string, result: string, isError = false): Act {
  return { tool: 'Bash', input: { command, description: `attempt at ${result}` }, result, isError }
}

describe('loops', () => {
  test('one install command three hundred times is stopped at the fourth', () => {
    const acts = times(300, (n) => bash('npm install left-pad', `npm ERR! code E404 after ${n * 137}ms`, true))
    expect(play(acts)).toEqual({ noticeAt: 3, stopAt: 4 })
  })

  test('a clock asked sixty-two times is stopped at the twelfth, though every answer differs', () => {
    const acts = times(62, (n) => bash('date', `Thu Nov 27 10:${10 + Math.floor(n / 60)}:${n % 60} UTC 2026`))
    expect(play(acts)).toEqual({ noticeAt: 5, stopAt: 12 })
  })

  test('one list asked for in ever other forms, always empty', () => {
    const tails = ['', ' | head', ' 2>/dev/null', ' | cat', ' | wc -c']
    const acts = times(28, (n) => bash(`git stash list${tails[n % tails.length]}`, ''))
    expect(play(acts)).toEqual({ noticeAt: 5, stopAt: 20 })
  })

  test('read, failing edit, failing test, in turn', () => {
    const lap: readonly Act[] = [
      { tool: 'Read', input: { file_path: 'a.ts' }, result: 'const a = 1' },
      {
        tool: 'Edit',
        input: { file_path: 'a.ts', old_string: 'b' },
        result: 'String to replace not found',
        isError: true,
      },
      bash('npm test', '1 failed', true),
    ]
    expect(play([...lap, ...lap, ...lap, ...lap, ...lap])).toEqual({ noticeAt: 9, stopAt: 12 })
  })

  test('one insertion again and again, while the file grows', () => {
    const edit = (n: number): Act => ({ tool: 'edit', input: { line: 3, text: 'x' }, result: `${'x;'.repeat(n)} end` })
    expect(play(times(29, edit))).toEqual({ noticeAt: 3, stopAt: 5 })
  })
})

describe('work', () => {
  test('ten minutes of waiting for a build get no stop, and no notice before the thirtieth look', () => {
    const acts = times(60, (n) => bash('sleep 10 && tail -1 build.log', `compiling, ${n} of 61`))
    expect(play(acts)).toEqual({ noticeAt: 30, stopAt: null })
    const output = times(100, () => ({ tool: 'BashOutput', input: { bash_id: 'b1' }, result: 'running' }))
    expect(play(output).stopAt).toBeNull()
  })

  test('a wait without end is stopped as well', () => {
    expect(play(times(500, () => bash('sleep 60', ''))).stopAt).toBe(120)
  })

  const lines = times(200, (n) => ({
    tool: 'debug',
    input: { command: 'next' },
    result: `at ${'abcdefghij'[n % 10]}${'klmnopqrst'[Math.floor(n / 10) % 10]}x${'uvwxyz'[Math.floor(n / 100)]}()`,
  }))

  test('a debugger goes from line to line as far as it likes if it is declared to be one', () => {
    expect(play(lines, { debug: 'cursor' })).toEqual({ noticeAt: null, stopAt: null })
    expect(play(lines.slice(0, 39)).stopAt).toBeNull()
  })

  test('a debugger that stays where it is goes nowhere', () => {
    const stuck = times(20, () => ({ tool: 'debug', input: { command: 'next' }, result: 'waiting for thread' }))
    expect(play(stuck, { debug: 'cursor' })).toEqual({ noticeAt: 3, stopAt: 4 })
  })

  test('a test repaired in ten steps, each with another failure', () => {
    const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']
    const acts = names.flatMap((name): Act[] => [
      bash('npm test', `${name} failed`, true),
      { tool: 'Edit', input: { file_path: 'a.ts', new_string: name }, result: 'done' },
    ])
    expect(play(acts)).toEqual({ noticeAt: null, stopAt: null })
  })
})

describe('a runaway tree of sub-agents', () => {
  /** Every agent reads something of its own and calls three more; each call costs two dollars and takes ten seconds. */
  function spread(limits: Partial<LoopLimits>) {
    const session = new SessionLoopDetector(limits)
    for (let calls = 1; calls < 1_000; calls++) {
      const cost = nanoUsd(2e9)
      const found = session.recordTurn({
        atMs: calls * 10_000,
        cost,
        promptTokens: 1_000,
        request: `${calls}`,
        answer: null,
      })
      if (found !== null) return { tier: found.tier, rule: found.rule, calls }
    }
    return null
  }

  test('is seen by what the session spends, not by what one agent does', () => {
    expect(spread({})).toEqual({ tier: 'notice', rule: 'spend', calls: 13 })
  })

  test('is stopped where a limit is set', () => {
    expect(spread({ spend: { notice: null, stop: 8 } })).toMatchObject({ tier: 'stop', calls: 20 })
  })

  test('agents started with the same task, round after round, are a plain repetition', () => {
    const task = (): Act => ({ tool: 'Task', input: { prompt: 'look again' }, result: 'I found nothing' })
    expect(play(times(9, task)).stopAt).toBe(4)
  })
})

describe('words without acts', () => {
  function talk(said: (n: number) => string) {
    const detector = new SessionLoopDetector()
    const tiers = Array.from({ length: 20 }, (_, n) => detector.recordText(said(n))?.tier ?? null)
    return { noticeAt: tiers.findIndex((tier) => tier !== null) + 1, stopAt: tiers.indexOf('stop') + 1 }
  }

  test('"let me write the document", and never a call', () => {
    expect(talk(() => 'Let me write the document now.')).toEqual({ noticeAt: 3, stopAt: 5 })
  })

  test('the same in ever other words takes longer', () => {
    const said = (n: number) => `Now I ${'abcdefghijklmnopqrst'[n]} write the document.`
    expect(talk(said)).toEqual({ noticeAt: 6, stopAt: 12 })
  })

  test('a stream that repeats one sentence is cut within eleven hundred characters', () => {
    const watch = textRepeat('prose')
    const sentence = 'Wait, let me think about this once more. '
    const cutAt = Array.from({ length: 500 }, () => watch.push(sentence)?.tier).indexOf('stop') + 1
    expect(cutAt * sentence.length).toBeLessThan(1_100)
  })
})
