import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identify } from './scope.js'

describe('on whose account a call runs', () => {
  it('takes what Claude Code says of itself', () => {
    const headers = {
      'x-claude-code-session-id': 's-1',
      'x-claude-code-agent-id': 'a-2',
      'x-claude-code-parent-agent-id': 'a-1',
    }
    const userId = JSON.stringify({ device_id: 'd', account_uuid: 'acc', session_id: 'other' })
    expect(identify(headers, userId, null)).toMatchObject({
      session: 's-1',
      agent: 'a-2',
      parentAgent: 'a-1',
      user: 'acc',
    })
  })

  it('finds the session in the body where no header names it', () => {
    expect(identify({}, JSON.stringify({ device_id: 'd', session_id: 's' }), null)).toMatchObject({
      session: 's',
      user: 'd',
    })
    expect(identify({}, 'plain-user', null)).toMatchObject({ session: null, user: 'plain-user' })
    expect(identify({}, '{"broken', null)).toMatchObject({ session: null, user: '{"broken' })
  })

  it('prefers our own headers to the names of other gateways', () => {
    const headers = { 'helicone-session-id': 'h', 'x-runguard-session': 'r', 'helicone-user-id': 'u' }
    expect(identify(headers, 'm', null)).toMatchObject({ session: 'r', user: 'u' })
  })

  it('collects tags once each, and not without end', () => {
    expect(identify({ 'x-runguard-tag': 'a, b,a,,', 'x-litellm-tags': 'c' }, null, null).tags).toEqual(['a', 'b', 'c'])
    expect(
      identify({ 'x-runguard-tag': Array.from({ length: 500 }, (_, n) => n).join() }, null, null).tags,
    ).toHaveLength(20)
  })

  it('prefers the project of the path, and cleans it', () => {
    expect(identify({ 'x-runguard-project': 'h' }, null, 'p\u001b[31m\n').project).toBe('p[31m')
  })

  it('never lets a control character or an endless name through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
        const scope = identify({ 'x-runguard-session': name, 'x-runguard-tag': name }, name, name)
        for (const value of [scope.session, scope.user, scope.project, ...scope.tags]) {
          if (value === null) continue
          expect(value).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
          expect(value.length).toBeLessThanOrEqual(200)
          expect(value).not.toBe('')
        }
      }),
    )
  })
})
