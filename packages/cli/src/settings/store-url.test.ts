import { expect, test } from 'vitest'
import { CommandError } from '../exit.js'
import { checkStoreUrl, describeUrl, withoutPassword } from './store-url.js'

test('an address is shown without its password, wherever that stands', () => {
  const url = 'postgresql://me:secret@db.example:5433/calls?password=secret&sslmode=require#secret'
  expect(checkStoreUrl(url, '--store')).toBe(url)
  expect(withoutPassword(url)).toBe('postgresql://me:***@db.example:5433/calls')
  expect(describeUrl(url)).toBe('postgres://db.example:5433/calls')
})

test('what is no address, or has the rest of a password where the database should be, is refused unseen', () => {
  for (const url of [
    'secret',
    'mysql://me:secret@db/x',
    'postgres://me:p/secret@db/x',
    'postgres://me:1?secret@db/x',
  ]) {
    const check = (): string => checkStoreUrl(url, 'RUNGUARD_STORE')
    expect(check).toThrow(CommandError)
    expect(check).toThrow(/^RUNGUARD_STORE must be the address of a PostgreSQL server/)
    expect(check).not.toThrow(/secret/)
  }
})
