/** The gateways of a run: each a process that can be killed and started again; none outlives this one. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { GatewayTask, Question } from './gateway-task.js'

const PROGRAM = fileURLToPath(new URL('./gateway-process.js', import.meta.url))
const children = new Set<ChildProcess>()

/** Ends all at once. For the `exit` event: it waits for nothing. */
export function endGateways(): void {
  for (const child of children) child.kill('SIGKILL')
}

/** A place in the row of gateways: the process in it changes, the place does not. */
export class GatewaySlot {
  private readonly task: GatewayTask
  private child: ChildProcess | null = null
  /** Null while no process listens. */
  url: string | null = null

  constructor(task: GatewayTask) {
    this.task = task
  }

  /** Starts a process on the same ledger as those before it. */
  async start(): Promise<void> {
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
    const child = fork(PROGRAM, [JSON.stringify(this.task)], { env: {}, stdio: [...stdio], serialization: 'advanced' })
    children.add(child)
    child.once('exit', () => children.delete(child))
    const { port } = (await nextMessage(child)) as { port: number }
    this.child = child
    this.url = `http://127.0.0.1:${port}`
  }

  /** Ends the process as a power cut would, in the middle of whatever it does. */
  async kill(): Promise<void> {
    const { child } = this
    this.url = null
    this.child = null
    if (child === null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Asks the process something, and waits for the answer. One question at a time. */
  async ask<Answer>(question: Question): Promise<Answer> {
    if (this.child === null) throw new Error('there is no gateway to ask')
    const answered = nextMessage(this.child)
    this.child.send(question)
    const message = (await answered) as { readonly answer: Answer } | { readonly error: string }
    if ('error' in message) throw new Error(`the gateway failed at ${question.ask}: ${message.error}`)
    return message.answer
  }
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const listening = new AbortController()
  const { signal } = listening
  const ended = once(child, 'exit', { signal }).then(() => Promise.reject(new Error('a gateway ended unasked')))
  ended.catch(() => {})
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended])
    return message
  } finally {
    listening.abort()
  }
}
