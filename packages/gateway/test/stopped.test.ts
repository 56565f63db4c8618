import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('beating-process.mjs', import.meta.url))
/** Two beats may be missed, in the time of the process, which goes fifty times as fast. */
const SILENT_AFTER_MS = 35_000 / 50

/** Resolves at the next beat of a stream of events; a stream that ends has none. */
function beatsOf(body: ReadableStream<Uint8Array>): () => Promise<'beat'> {
  const reader = body.getReader()
  let text = ''
  return async () => {
    for (;;) {
      const end = /event: beat\ndata: \{"kind":"beat","at":\d+\}\n\n/.exec(text)
      if (end !== null) {
        text = text.slice(end.index + end[0].length)
        return 'beat'
      }
      const { value, done } = await reader.read()
      if (done) throw new Error(`the stream ended: ${text}`)
      text += Buffer.from(value).toString()
    }
  }
}

it('a gateway that hangs says no more that it is there, though its connections stay open, until it goes on', async () => {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const url = line.toString().trim()
  const leave = new AbortController()
  onTestFinished(() => leave.abort())
  const { body } = await fetch(`${url}/runguard/events`, { signal: leave.signal })
  if (body === null) throw new Error('there is no stream')
  const nextBeat = beatsOf(body)
  for (let beats = 0; beats < 3; beats++) await nextBeat()

  child.kill('SIGSTOP')
  // What it had said before it stopped may still be on its way; then comes nothing.
  let heard: Promise<'beat'> = nextBeat()
  const listen = async (): Promise<'beat' | 'silent'> => {
    const silence = new Promise<'silent'>((resolve) => setTimeout(() => resolve('silent'), SILENT_AFTER_MS))
    const outcome = await Promise.race([heard, silence])
    if (outcome === 'beat') heard = nextBeat()
    return outcome
  }
  const outcomes: string[] = []
  while (outcomes.at(-1) !== 'silent') outcomes.push(await listen())
  expect(outcomes.length).toBeLessThan(5)
  const health = fetch(`${url}/runguard/health`, { signal: AbortSignal.timeout(SILENT_AFTER_MS) })
  await expect(health).rejects.toThrow(/timeout/)

  child.kill('SIGCONT')
  expect(await heard).toBe('beat')
  expect((await fetch(`${url}/runguard/health`)).status).toBe(200)
})
