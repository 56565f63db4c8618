import { expect, it } from 'vitest'
import type { CallEnd } from '../../core/cost/ending.js'
import type { CallRecord } from '../../core/cost/record.js'
import type { Flow } from '../../engine/guard.js'
import type { DoorGuard, Watch } from '../../engine/watch.js'
import { streamAnswer } from './answer-stream.js'
import { RunningCall } from './running-call.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (piece: { value?: Uint8Array | undefined }): string => new TextDecoder().decode(piece.value)

/** Streams begin, and hear of each other, once this turn of the event loop is over. */
const turnOver = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** An upstream that says what it is told to, and a call that notes how it ended. */
function openStage(guard: DoorGuard | null = null) {
  const ends: CallEnd[] = []
  const seen: string[] = []
  const watch = {
    sent: () => {},
    chunk: (piece: Uint8Array) => seen.push(textOf({ value: piece })),
    end: (how: CallEnd) => {
      ends.push(how)
      return {} as CallRecord
    },
  } as unknown as Watch
  const call = new RunningCall(watch, () => {})
  let asked = 0
  let say = (_text: string): void => {}
  let close = (): void => {}
  let fail = (_error: Error): void => {}
  const upstream = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        say = (text) => controller.enqueue(bytes(text))
        close = () => controller.close()
        fail = (error) => controller.error(error)
      },
      pull: () => {
        asked += 1
      },
    },
    { highWaterMark: 0 },
  )
  const reader = streamAnswer({ call, reader: upstream.getReader(), guard }).getReader()
  return { call, reader, ends, seen, asked: () => asked, say, close, fail }
}

/** A guard that passes what it is told to pass, and turns when it is told to. */
class StagedGuard implements DoorGuard {
  flow: Flow = 'go'
  readonly cutEnd = 'budget-cut'
  onTurn: (() => void) | null = null
  isHolding = false
  held = ''

  pass(piece: Uint8Array): Uint8Array {
    if (!this.isHolding) return piece
    this.held += textOf({ value: piece })
    return bytes('')
  }

  finish(): Uint8Array {
    return bytes(this.held)
  }

  cut(): Uint8Array {
    return bytes('cut')
  }

  turn(flow: Flow): void {
    this.flow = flow
    this.onTurn?.()
  }
}

it('the upstream is asked for a piece when one is read, and not before', async () => {
  const stage = openStage()
  await turnOver()
  expect(stage.asked()).toBe(0)
  const first = stage.reader.read()
  await turnOver()
  expect(stage.asked()).toBe(1)
  stage.say('one')
  expect(textOf(await first)).toBe('one')
  await turnOver()
  expect(stage.asked()).toBe(1)
  expect(stage.seen).toEqual(['one'])
})

it('two who read at once get one piece each, in order', async () => {
  const stage = openStage()
  const reads = [stage.reader.read(), stage.reader.read()]
  stage.say('one')
  stage.say('two')
  expect((await Promise.all(reads)).map(textOf)).toEqual(['one', 'two'])
  stage.close()
  expect((await stage.reader.read()).done).toBe(true)
  expect(stage.ends).toEqual(['complete'])
})

it('what comes after the reader has left goes nowhere, and the call has ended as left', async () => {
  const stage = openStage()
  const read = stage.reader.read()
  await stage.reader.cancel('enough')
  expect((await read).done).toBe(true)
  expect(stage.ends).toEqual(['caller-aborted'])
})

it('an upstream that breaks off is told as it was', async () => {
  const stage = openStage()
  const read = stage.reader.read()
  stage.fail(new Error('lost'))
  await expect(read).rejects.toThrow('lost')
  expect(stage.ends).toEqual(['upstream-failed'])
})

it('a call that is stopped tells whoever reads, now or later', async () => {
  const now = openStage()
  const read = now.reader.read()
  now.call.stop('gateway-stopped', new Error('closed'))
  await expect(read).rejects.toThrow('closed')
  const later = openStage()
  later.call.stop('gateway-stopped', new Error('closed'))
  await expect(later.reader.read()).rejects.toThrow('closed')
})

it('what a guard holds back is no piece: it is read on, and comes at the end', async () => {
  const guard = new StagedGuard()
  guard.isHolding = true
  const stage = openStage(guard)
  const read = stage.reader.read()
  stage.say('one ')
  stage.say('two')
  stage.close()
  expect(textOf(await read)).toBe('one two')
  expect((await stage.reader.read()).done).toBe(true)
  expect(stage.ends).toEqual(['complete'])
})

it('while a guard waits nothing is asked for; then it goes on', async () => {
  const guard = new StagedGuard()
  guard.flow = 'wait'
  const stage = openStage(guard)
  const read = stage.reader.read()
  await turnOver()
  expect(stage.asked()).toBe(0)
  guard.turn('go')
  await turnOver()
  expect(stage.asked()).toBe(1)
  stage.say('one')
  expect(textOf(await read)).toBe('one')
})

it('a guard that turns while nothing comes ends the answer, once', async () => {
  const guard = new StagedGuard()
  const stage = openStage(guard)
  const read = stage.reader.read()
  guard.turn('cut')
  expect(textOf(await read)).toBe('cut')
  expect((await stage.reader.read()).done).toBe(true)
  expect(stage.ends).toEqual(['budget-cut'])
})

it('two who read at once get one end of an answer that is cut, or breaks off', async () => {
  const guard = new StagedGuard()
  const cut = openStage(guard)
  const reads = [cut.reader.read(), cut.reader.read()]
  guard.turn('cut')
  expect((await Promise.all(reads)).map(textOf)).toEqual(['cut', ''])
  expect(cut.ends).toEqual(['budget-cut'])
  const holding = new StagedGuard()
  holding.isHolding = true
  const lost = openStage(holding)
  const [first, second] = [lost.reader.read(), lost.reader.read()]
  lost.say('one')
  await turnOver()
  lost.call.stop('gateway-stopped', new Error('closed'))
  expect(textOf(await first)).toBe('one')
  await expect(second).rejects.toThrow('closed')
})

it('a guard that turns with a piece has that piece read first, and the end of the answer next', async () => {
  const guard = new StagedGuard()
  const stage = openStage(guard)
  guard.pass = (piece) => {
    guard.flow = 'cut'
    return piece
  }
  const read = stage.reader.read()
  stage.say('one')
  expect(textOf(await read)).toBe('one')
  expect(textOf(await stage.reader.read())).toBe('cut')
  expect((await stage.reader.read()).done).toBe(true)
  expect(stage.ends).toEqual(['budget-cut'])
})
