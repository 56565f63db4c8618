import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { openTerminal, type Terminal } from './terminal.js'

function open(isTTY: boolean): { readonly terminal: Terminal; readonly written: () => string } {
  const output = Object.assign(new PassThrough(), { isTTY })
  return { terminal: openTerminal(output, output, true), written: () => String(output.read() ?? '') }
}

const hostile = 'a\u001b]0;title\u0007b\u001b[2Jc\u009b31md\re\u0008f'

test('whatever a caller sent, a terminal is not driven by it', () => {
  const { terminal, written } = open(true)
  terminal.print(JSON.stringify({ model: '\u009b2J' }))
  terminal.say(hostile)
  terminal.write(hostile)
  // Nothing but line breaks is left for the terminal to obey.
  expect(written().replace(/\n/g, '')).not.toMatch(/\p{Cc}/u)
})

test('line breaks, tabs and our own colours stay', () => {
  const { terminal, written } = open(true)
  const text = `${terminal.colors.bold('12')}\tday\r\n`
  terminal.write(text)
  expect(text).toContain('\u001b[')
  expect(written()).toBe(text)
})

test('a file or a program gets every byte', () => {
  const { terminal, written } = open(false)
  terminal.write(hostile)
  expect(written()).toBe(hostile)
})
