import { expect, test } from 'vitest'
import { CommandError } from '../exit.js'
import { parseConfig } from './config-file.js'

const environment = new Map([
  ['LIMIT', '$20'],
  ['TEAM', 'web'],
])
const variable = (name: string): string | undefined => environment.get(name)

/** `${NAME}` as it stands in a file. */
const refer = (name: string): string => `$\{${name}}`

async function problemsOf(text: string): Promise<string[]> {
  const error = await parseConfig('r.yaml', text, variable).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(CommandError)
  const { message, exitCode } = error as CommandError
  expect(exitCode).toBe(4)
  return message
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
}

test('an empty file is a configuration without budgets', async () => {
  for (const text of ['', '# nothing yet\n', 'budgets: []']) {
    expect(await parseConfig('r.yaml', text, variable)).toEqual({ budgets: [] })
  }
})

test('names in the environment stand for their values, anywhere in a text', async () => {
  const text = `budgets: [{ scope: 'team:${refer('TEAM')}', limit: '${refer('LIMIT')}', window: day }]`
  const { budgets } = await parseConfig('r.yaml', text, variable)
  expect(budgets).toMatchObject([{ scope: { kind: 'team', name: 'web' }, limit: 20_000_000_000 }])
})

test('a name that is not set is said with its place, and what it would have held is not guessed', async () => {
  const text = `budgets:\n  - scope: everything\n    window: day\n    limit: ${refer('NOBODY')}\n`
  expect(await problemsOf(text)).toEqual([`r.yaml:4:12  ${refer('NOBODY')} is not set in the environment`])
})

test('every problem is said at once, in the order of the file', async () => {
  const text = [
    'budgets:',
    '  - scope: everything',
    '    limit: -1',
    '    window: day',
    '  - scop: team:a',
    '    limit: 1',
  ]
  const problems = await problemsOf(text.join('\n'))
  expect(problems.map((problem) => problem.split('  ')[0])).toEqual(['r.yaml:3:12', 'r.yaml:5:5', 'r.yaml:5:5'])
  expect(problems.join('\n')).toContain('did you mean "scope"?')
})

test('what is no YAML, has a key twice or an unknown tag is said with its place', async () => {
  expect(await problemsOf('budgets: [1')).toEqual([expect.stringMatching(/^r\.yaml:1:12 {2}/)])
  expect(await problemsOf('budgets: []\nbudgets: []')).toEqual([expect.stringMatching(/^r\.yaml:2:1 {2}.*unique/i)])
  expect(await problemsOf('budgets: !!js/function []')).toEqual([expect.stringMatching(/^r\.yaml:1:10 {2}/)])
  expect(await problemsOf('just words')).toHaveLength(1)
})

test('a small file that stands for a huge one is refused', async () => {
  const levels = Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(', ')}]`)
  const error = await parseConfig('r.yaml', ['a0: &a0 [x]', ...levels].join('\n'), variable).catch(String)
  expect(error).toMatch(/r\.yaml cannot be used: .*alias/i)
})

test('keys of a prototype are only unknown keys', async () => {
  const problems = await problemsOf('__proto__: { budgets: [] }\nconstructor: 1\n')
  expect(problems.join('\n')).toMatch(/unknown key "(?:__proto__|constructor)"/)
  expect(({} as Record<string, unknown>).budgets).toBeUndefined()
})
