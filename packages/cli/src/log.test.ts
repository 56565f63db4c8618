import { expect, test } from 'vitest'
import { redact } from './log.js'

test('credentials and contents never reach the log, however they are written and nested', () => {
  const fields = {
    call: 'rg_1',
    headers: { 'X-Api-Key': 'sk-ant-secret', Authorization: 'Bearer secret', cookie: 'secret', accept: '*/*' },
    attempts: [{ body: 'secret', status: 200 }],
    raw: Buffer.from('secret'),
  }
  expect(redact(fields)).toEqual({
    call: 'rg_1',
    headers: { 'X-Api-Key': '[redacted]', Authorization: '[redacted]', cookie: '[redacted]', accept: '*/*' },
    attempts: [{ body: '[redacted]', status: 200 }],
    raw: '[redacted]',
  })
})

test('an error is logged by its message, and endless nesting ends', () => {
  const loop: Record<string, unknown> = { name: 'loop' }
  loop.again = loop
  expect(redact({ error: new Error('what happened') })).toEqual({ error: 'what happened' })
  expect(JSON.stringify(redact(loop))).toContain('[redacted]')
})
