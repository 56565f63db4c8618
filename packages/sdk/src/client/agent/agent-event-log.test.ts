import { expect, test } from 'vitest'
import { openEventLog } from './agent-event-log.js'
import type { AgentEvent } from './agent-events.js'

const message = { kind: 'message', message: {}, costUsd: 0 } as AgentEvent
const turn = (count: number): AgentEvent => ({ kind: 'turn', turn: count, model: 'm' })
const text = (words: string): AgentEvent => ({ kind: 'text', text: words })
const thinking = (words: string): AgentEvent => ({ kind: 'thinking', text: words })

async function readAll(log: ReturnType<typeof openEventLog>): Promise<string[]> {
  const reader = log.read(() => {})
  const shown: string[] = []
  for (let step = await reader.next(); step.done !== true; step = await reader.next()) {
    shown.push('text' in step.value ? `${step.value.kind} ${step.value.text}` : step.value.kind)
  }
  return shown
}

const PIECES = [turn(1), thinking('H'), thinking('m.'), text('a'), text('b'), text('c'), message, turn(2), text('d')]

test('who follows a run gets every piece, also one that is read slowly', async () => {
  const log = openEventLog()
  const slow = log.read(() => {})
  for (const event of PIECES.slice(0, 5)) log.emit(event)
  const seen = [await slow.next(), await slow.next(), await slow.next(), await slow.next()]
  expect(seen.at(-1)?.value).toEqual(text('a'))
  for (const event of PIECES.slice(5)) log.emit(event)
  log.end()
  const rest: unknown[] = []
  for (let step = await slow.next(); step.done !== true; step = await slow.next()) rest.push(step.value)
  expect(rest).toEqual(PIECES.slice(4))
})

test('who looks later gets an answer that is complete in one piece, and one that is not as it came', async () => {
  const log = openEventLog()
  for (const event of [...PIECES, text('e')]) log.emit(event)
  log.end()
  const all = ['turn', 'thinking Hm.', 'text abc', 'message', 'turn', 'text d', 'text e']
  expect(await readAll(log)).toEqual(all)
  expect(await readAll(log)).toEqual(all)
})

test('an answer without words keeps its place', async () => {
  const log = openEventLog()
  for (const event of [turn(1), message, turn(2), text('a'), thinking('b'), text('c'), message]) log.emit(event)
  log.end()
  expect(await readAll(log)).toEqual(['turn', 'message', 'turn', 'text a', 'thinking b', 'text c', 'message'])
})

test('a reader who leaves before the end is told of, one who read to it is not', async () => {
  let left = 0
  const log = openEventLog()
  log.emit(text('a'))
  const leave = (): void => {
    left += 1
  }
  const [early, patient] = [log.read(leave), log.read(leave)]
  await early.next()
  await early.return?.()
  expect(left).toBe(1)
  await patient.next()
  log.end()
  expect(await patient.next()).toMatchObject({ done: true })
  expect(left).toBe(1)
})
