import { describe, expect, it } from 'vitest'
import { resolveEndpoint } from './endpoint.js'

describe('where a request goes', () => {
  it.each([
    ['POST', '/v1/messages', 'messages', '/v1/messages', null],
    ['POST', '/v1/messages?beta=true', 'messages', '/v1/messages?beta=true', null],
    ['POST', '/messages', 'messages', '/v1/messages', null],
    ['POST', '/p/team-a/v1/messages?beta=true', 'messages', '/v1/messages?beta=true', 'team-a'],
    ['POST', '/p/team%20a/messages', 'messages', '/v1/messages', 'team a'],
    ['POST', '/v1/messages/count_tokens?beta=true', 'count-tokens', '/v1/messages/count_tokens?beta=true', null],
    ['GET', '/v1/models?limit=1000', 'models', '/v1/models?limit=1000', null],
    ['GET', '/models/claude-opus-5-5', 'models', '/v1/models/claude-opus-5-5', null],
    ['POST', '/v1/messages/batches', 'batches', '/v1/messages/batches', null],
    ['GET', '/v1/messages/batches/msgbatch_1/results', 'batches', '/v1/messages/batches/msgbatch_1/results', null],
    ['POST', '/v1/chat/completions', 'chat-completions', '/v1/chat/completions', null],
    ['HEAD', '/', 'probe', '/', null],
    ['GET', '/api/hello', 'probe', '/api/hello', null],
    ['GET', '/v1/messages', 'other', '/v1/messages', null],
    ['POST', '/v1/files', 'other', '/v1/files', null],
    ['GET', '/somewhere/else', 'other', '/somewhere/else', null],
  ])('%s %s is %s', (method, target, kind, forwarded, project) => {
    expect(resolveEndpoint(method, target)).toEqual({ kind, target: forwarded, project })
  })

  it.each([
    '//v1/messages',
    '/v1//messages',
    '/v1/messages/',
    '/v1/./messages',
    '/v1/x/../messages',
    '/v1/%6dessages',
    '/v1/m%65ssages?x=1',
    '\\v1\\messages',
    '/V1/Messages',
    '/v1%2Fmessages',
    '/../../v1/messages',
    '/p/x/../y/v1/messages',
    'http://gateway:4141/v1/messages',
    'HTTPS://x/messages?beta=true',
    '/v1/messages%2F',
    '/v1/messages;a=b',
    '/x%2F..%2Fv1/messages',
    '/v1%5Cmessages',
    '/Messages',
  ])('finds the metered endpoint behind %s', (target) => {
    expect(resolveEndpoint('POST', target).kind).toBe('messages')
  })

  it('keeps the query untouched, and only the query', () => {
    expect(resolveEndpoint('GET', '/v1/files?after=%2F..%2F&b=//').target).toBe('/v1/files?after=%2F..%2F&b=//')
  })

  it('cannot be led out of the path by a segment that decodes to something else', () => {
    const { target } = resolveEndpoint('GET', '/v1/files/a%20b%0d%0aX-Evil:%201%3F')
    expect(target).toBe('/v1/files/a%20b%0D%0AX-Evil%3A%201%3F')
  })
})
