import { expect, test } from 'vitest'
import { makeHome, runCli } from './cli.js'

async function complete(...words: readonly string[]): Promise<string[]> {
  const { stdout, code } = await runCli(makeHome(), ['complete', '--', ...words])
  expect(code).toBe(0)
  return stdout.split('\n').map((line) => line.split('\t')[0] ?? '')
}

test('a shell completes commands, those below them, flags, and the values that flags know', async () => {
  expect(await complete('re')).toEqual(expect.arrayContaining(['report', 'replay', 'reconcile']))
  expect(await complete('budget', '')).toEqual(expect.arrayContaining(['add', 'ls', 'set']))
  expect(await complete('replay', '--pol')).toContain('--policy')
  expect(await complete('start', '--mode', '')).toEqual(expect.arrayContaining(['enforce', 'observe']))
})

test('each shell gets a script that asks the program itself', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout, code } = await runCli(makeHome(), ['completion', shell])
    expect(code).toBe(0)
    expect(stdout).toContain('complete --')
  }
  expect((await runCli(makeHome(), ['completion', 'tcsh'])).code).toBe(4)
})

test('where nothing was called, each command says how to begin, and none fails for it', async () => {
  const home = makeHome()
  for (const command of ['top', 'export']) {
    const { code, stdout, stderr } = await runCli(home, [command])
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).not.toBe('')
  }
})
