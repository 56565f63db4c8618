import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type TextRepetition, textRepeat } from './text-repeat.js'

/** Streams a text in pieces of so many characters, up to a stop. Answers the last finding and how far it came. */
function stream(text: string, kind: 'prose' | 'data' = 'prose', piece = 7) {
  const watch = textRepeat(kind)
  let last: TextRepetition | null = null
  for (let at = 0; at < text.length; at += piece) {
    last = watch.push(text.slice(at, at + piece)) ?? last
    if (last?.tier === 'stop') return { tier: 'stop', at: at + piece, repeats: last.repeats }
  }
  return { tier: last?.tier ?? null, at: text.length, repeats: last?.repeats ?? 0 }
}

const story = Array.from(
  { length: 300 },
  (_, n) => `The ${word(n)} met a ${word(n * 7)} near the ${word(n * 13)}.`,
).join(' ')

function word(n: number): string {
  return n.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'.charAt(Number(digit)))
}

describe('what is stopped', () => {
  test('one sentence without end, after about a thousand characters', () => {
    const { tier, at, repeats } = stream(`${story} ${'I will now write the document for you. '.repeat(500)}`)
    expect(tier).toBe('stop')
    expect(at).toBeGreaterThan(story.length + 900)
    expect(at).toBeLessThan(story.length + 1_200)
    expect(repeats).toBeGreaterThan(20)
  })

  test('a whole paragraph, with its fifth coming', () => {
    const paragraph = `${story.slice(0, 900)}\n\n`
    const { tier, at } = stream(paragraph.repeat(30))
    expect(tier).toBe('stop')
    expect(at).toBeLessThan(paragraph.length * 5 + 10)
  })

  test('a sentence whose number goes up, if it goes on for very long', () => {
    const text = Array.from({ length: 1_000 }, (_, n) => `In step ${n} I check the file again.`).join(' ')
    expect(stream(text).tier).toBe('stop')
  })

  test('text without spaces, and Chinese', () => {
    expect(stream('!'.repeat(5_000)).tier).toBe('stop')
    expect(stream('ha'.repeat(3_000)).tier).toBe('stop')
    expect(stream('我现在开始写这份文件。'.repeat(300)).tier).toBe('stop')
  })

  test('code that repeats itself for very long', () => {
    expect(stream(`\`\`\`ts\n${'  list.push(nextElement(list))\n'.repeat(3_000)}`).tier).toBe('stop')
    expect(stream('  list.push(nextElement(list))\n'.repeat(3_000), 'data').tier).toBe('stop')
  })
})

describe('what is left alone', () => {
  test.each([
    ['a story', story],
    ['a chant', 'We shall overcome. '.repeat(9)],
    ['lines of a code block', `\`\`\`\n${'  [0, 0, 0, 0, 0, 0, 0, 0],\n'.repeat(100)}\`\`\``],
    ['a table of two hundred rows', Array.from({ length: 200 }, (_, n) => `| ${n} | passed | yes |`).join('\n')],
    ['a numbered list of equal answers', Array.from({ length: 300 }, (_, n) => `${n}. Yes, it does`).join('\n')],
    ['a list of equal answers', '- positive\n'.repeat(300)],
    ['rules and headings', `${'## Result\n\n---\n\n'.repeat(60)}`],
    ['numbers', '0 '.repeat(5_000)],
    ['counting aloud', Array.from({ length: 3_000 }, (_, n) => `${n}`).join(', ')],
    ['a result per row', Array.from({ length: 300 }, (_, n) => `Row ${n}: passed`).join('\n')],
    ['labels as JSON', `{"labels": [${'"neutral", '.repeat(300)}]}`],
    ['rows as JSON', '{"label": "neutral", "is_spam": false},\n'.repeat(100)],
    ['comma-separated values', 'yes,no,no\n'.repeat(300)],
    ['a quoted log', '> connection refused\n'.repeat(100)],
  ])('%s', (_, text) => {
    expect(stream(text).tier).toBeNull()
  })

  test('a fence that is closed ends the code', () => {
    const code = '```\nx = 1\n```\n'
    expect(stream(`${code}${'I will write it now. '.repeat(100)}`).tier).toBe('stop')
  })
})

test('a notice comes before the stop', () => {
  expect(stream('I will now write the document. '.repeat(20)).tier).toBe('notice')
})

test('how the text is cut into pieces changes nothing', () => {
  const texts = fc.array(fc.constantFrom('Same words again. ', 'Other ', '\n- ', '```\n', '我', '7 '), {
    maxLength: 300,
  })
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 50 }), (parts, piece) => {
      const text = parts.join('')
      expect(stream(text, 'prose', piece).tier).toBe(stream(text, 'prose', 1).tier)
    }),
  )
})
