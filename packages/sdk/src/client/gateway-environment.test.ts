import { expect, test } from 'vitest'
import { gatewayEnvironment } from './gateway-environment.js'

test('a client needs the address and the switch, and nothing else', () => {
  expect(gatewayEnvironment({ url: 'http://localhost:4141/' })).toEqual({
    ANTHROPIC_BASE_URL: 'http://localhost:4141',
    CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1',
  })
})

test('the account goes along as headers', () => {
  const place = {
    url: 'http://localhost:4141',
    session: 'n1',
    project: 'docs',
    user: 'alice',
    task: 'review',
    tags: ['a', 'b'],
  }
  expect(gatewayEnvironment(place).ANTHROPIC_CUSTOM_HEADERS?.split('\n')).toEqual([
    'x-runguard-session: n1',
    'x-runguard-project: docs',
    'x-runguard-user: alice',
    'x-runguard-task: review',
    'x-runguard-tag: a,b',
  ])
})

test('the rest of the environment stays, headers of others too', () => {
  const environment = {
    PATH: '/bin',
    EMPTY: undefined,
    ANTHROPIC_BASE_URL: 'https://elsewhere.example',
    ANTHROPIC_CUSTOM_HEADERS: 'x-team: blue\nX-RunGuard-Session: old\n',
  }
  expect(gatewayEnvironment({ url: 'http://localhost:4141/p/docs', session: 'new', environment })).toEqual({
    PATH: '/bin',
    ANTHROPIC_BASE_URL: 'http://localhost:4141/p/docs',
    CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1',
    ANTHROPIC_CUSTOM_HEADERS: 'x-team: blue\nx-runguard-session: new',
  })
})

test('an address that ends in /v1 is taken without it, because the clients add it', () => {
  expect(gatewayEnvironment({ url: 'http://localhost:4141/v1' }).ANTHROPIC_BASE_URL).toBe('http://localhost:4141')
})

test.each([
  { url: 'localhost:4141' },
  { url: 'http://' },
  { url: 'http://localhost', session: 'two\nlines' },
  { url: 'http://localhost', user: 'Zoë' },
  { url: 'http://localhost', project: '' },
  { url: 'http://localhost', tags: ['a,b'] },
])('%j cannot be passed on', (place) => {
  expect(() => gatewayEnvironment(place)).toThrow(RangeError)
})

test('without a place there is no environment, and a slip in it is named', () => {
  expect(() => gatewayEnvironment(undefined as never)).toThrow('an object, not undefined')
  expect(() => gatewayEnvironment({ url: 'http://localhost', projct: 'docs' } as never)).toThrow(
    'did you mean "project"?',
  )
})
