import { expect, test } from 'vitest'
import { promisedLines, readBlocks } from './blocks.js'

const document = [
  'Words.',
  '```ts',
  "const a = 'b'",
  '```',
  '```sh',
  'ls',
  '```',
  '```ts continues e2e',
  'console.log(a) // → b',
  '```',
  '```text',
  'as it looks',
  '```',
].join('\n')

test('every block is found, and its lines keep their numbers', () => {
  const blocks = readBlocks('README.md', document)
  expect(blocks.map(({ kind, line, isLarge }) => [kind, line, isLarge])).toEqual([
    ['ts', 2, false],
    ['sh', 5, false],
    ['ts', 8, true],
    ['shown', 11, false],
  ])
  expect(blocks[1]?.text.split('\n').flatMap((text, at) => (text === '' ? [] : [[at + 1, text]]))).toEqual([[6, 'ls']])
})

test('a block that continues comes with those before it in its language', () => {
  const [first, , second] = readBlocks('README.md', document)
  expect(first?.text.trim()).toBe("const a = 'b'")
  expect(second?.text.split('\n').filter(Boolean)).toEqual(["const a = 'b'", 'console.log(a) // → b'])
})

test('what a block says it prints is read; a remark behind the code is none', () => {
  expect(promisedLines('console.log(a) // → b\nconsole.log(c) // in dollars\nf() // → d')).toEqual(['b'])
})

test.each([
  ['```\nls\n```', 'README.md:1 is a block of ""'],
  ['\n```typescript\n```', 'README.md:2 is a block of "typescript"'],
  ['```ts skip\n```', 'README.md:1 is a block marked "skip"'],
  ['```ts\nconst a = 1', 'README.md:1 opens a block that never ends'],
])('a block that would not be checked is an error: %j', (text, complaint) => {
  expect(() => readBlocks('README.md', text)).toThrow(complaint)
})
