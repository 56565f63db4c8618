import fc from 'fast-check'
import { expect, test } from 'vitest'
import { resolveReferences } from './references.js'

const refer = (name: string): string => `$\{${name}}`
const resolve = (text: string, values: Record<string, string>) =>
  resolveReferences(text, (name) => new Map(Object.entries(values)).get(name))

test('names stand for their values, and those that are not set are told', () => {
  const text = `${refer('A')}/${refer('B')}/${refer('C')}/$D/{E}`
  expect(resolve(text, { A: '1', C: refer('A') })).toEqual({
    text: `1/${refer('B')}/${refer('A')}/$D/{E}`,
    missing: [refer('B')],
  })
})

test('whatever a password is made of, the address keeps its host and gives the password back', () => {
  const address = `postgres://${refer('USER')}:${refer('PASSWORD')}@db.example:5432/calls`
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), (password) => {
      fc.pre(!/%[0-9a-f]{2}/i.test(password))
      const { text } = resolve(address, { USER: 'me', PASSWORD: password })
      const url = new URL(text)
      expect([url.host, url.pathname, url.username]).toEqual(['db.example:5432', '/calls', 'me'])
      expect(decodeURIComponent(url.password)).toBe(password)
    }),
  )
})

test('a password that is written for addresses already, and other parts of one, are left as they are', () => {
  const address = `postgres://me:${refer('PASSWORD')}@${refer('HOST')}`
  expect(resolve(address, { PASSWORD: 'p%40ss', HOST: 'db:5432/calls' }).text).toBe(
    'postgres://me:p%40ss@db:5432/calls',
  )
  expect(resolve(refer('URL'), { URL: 'postgres://me:p%40@db/x' }).text).toBe('postgres://me:p%40@db/x')
})
