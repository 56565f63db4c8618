/** A part of the run in a process of its own, so that its memory is its own too; none outlives this one. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process that was started. */
export interface Part {
  /** Where it listens. */
  readonly url: string
  /** One question at a time. */
  ask<Answer>(question: string): Promise<Answer>
  /** Ends it in the middle of whatever it does. */
  kill(): Promise<void>
}

const children = new Set<ChildProcess>()

/** Ends all at once. For the `exit` event: it waits for nothing. */
export function endParts(): void {
  for (const child of children) child.kill('SIGKILL')
}

/** Starts a program of this folder. @param task as the program reads it */
export async function startPart(program: string, task: object): Promise<Part> {
  const path = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
  const child = fork(path, [JSON.stringify(task)], { env: {}, execArgv: [], serialization: 'advanced' })
  children.add(child)
  child.once('exit', () => children.delete(child))
  const { url } = await nextMessage<{ url: string }>(child)
  return {
    url,
    ask: async <Answer>(question: string): Promise<Answer> => {
      const answer = nextMessage<{ answer: Answer }>(child)
      child.send(question)
      return (await answer).answer
    },
    kill: async () => {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

async function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  const listening = new AbortController()
  const { signal } = listening
  const ended = once(child, 'exit', { signal }).then(() => Promise.reject(new Error('a process ended unasked')))
  ended.catch(() => {})
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended])
    return message as Message
  } finally {
    listening.abort()
  }
}

/** Answers the questions of the parent, and ends with it. @param url where this process listens */
export function serveParent(url: string, answers: Readonly<Record<string, () => unknown>>): void {
  process.on('disconnect', () => process.exit())
  process.on('message', (question: string) => {
    Promise.resolve(answers[question]?.()).then(
      (answer) => process.send?.({ answer }),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  })
  process.send?.({ url })
}

const KILOBYTES_PER_MEGABYTE = 1_024

/** The most memory that this process has had, in megabytes. */
export function peakMemoryMb(): number {
  return Math.round(process.resourceUsage().maxRSS / KILOBYTES_PER_MEGABYTE)
}
