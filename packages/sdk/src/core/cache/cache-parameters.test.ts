import fc from 'fast-check'
import { expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { readParameters } from './cache-parameters.js'

const read = (text: string) => {
  const body = new TextEncoder().encode(text)
  return readParameters(scanCall(body), body)
}

it('reads a parameter wherever it stands, also between two lists of messages', () => {
  const first = '"messages":[{"role":"user","content":[{"type":"text","text":"]}\\""}]}]'
  const second = '"messages":[{"role":"user","content":"}]"}]'
  for (const text of [
    `{"tool_choice":{"type":"any"},${first},${second}}`,
    `{${first},"tool_choice":{"type":"any"},${second}}`,
  ]) {
    expect(read(text)).toMatchObject({ toolChoice: read('{"tool_choice":{"type":"any"}}').toolChoice })
  }
})

it('takes the last of a parameter that is said twice, as every JSON reader does', () => {
  const choice = fc.constantFrom('auto', 'any', 'none').map((type) => `"tool_choice":{"type":"${type}"}`)
  const effort = fc.constantFrom('low', 'medium', 'high').map((level) => `"output_config":{"effort":"${level}"}`)
  const thinking = fc.nat(9).map((budget) => `"thinking":{"type":"enabled","budget_tokens":${budget}}`)
  fc.assert(
    fc.property(fc.array(fc.oneof(choice, effort, thinking), { minLength: 1 }), (members) => {
      const text = `{"model":"claude-sonnet-4-5",${members.join(',')}}`
      expect(read(text)).toEqual(read(JSON.stringify(JSON.parse(text))))
    }),
  )
})
