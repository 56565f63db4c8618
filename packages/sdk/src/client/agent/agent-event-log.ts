/** What happened in a run, for those who follow it and for those who look later. */

import type { AgentEvent, Emit } from './agent-events.js'

/** Takes events in order, and gives each reader all of them. */
export interface EventLog {
  readonly emit: Emit
  readonly end: () => void
  /** @param leave called when the reader leaves before the end */
  read(leave: () => void): AsyncIterator<AgentEvent>
}

interface Place {
  next: Link | null
}

interface Link extends Place {
  readonly event: AgentEvent
}

/**
 * A log that stays small: an answer comes in thousands of pieces, which are one once it is complete. Readers who are among
 * the pieces keep theirs.
 */
export function openEventLog(): EventLog {
  const start: Place = { next: null }
  let tail: Place = start
  let turn: Place = start
  let isOver = false
  let readers: (() => void)[] = []
  const announce = (): void => {
    const waiting = readers
    readers = []
    for (const wake of waiting) wake()
  }
  const news = (): Promise<void> => new Promise((resolve) => readers.push(resolve))
  async function* read(leave: () => void): AsyncGenerator<AgentEvent, void> {
    try {
      for (let at = start; at.next !== null || !isOver; ) {
        const { next } = at
        if (next === null) await news()
        else {
          at = next
          yield next.event
        }
      }
    } finally {
      if (!isOver) leave()
    }
  }
  const emit: Emit = (event) => {
    const link: Link = { event, next: null }
    if (event.kind === 'message') joinPieces(turn).next = link
    tail.next = link
    tail = link
    if (event.kind === 'turn') turn = link
    announce()
  }
  const end = (): void => {
    isOver = true
    announce()
  }
  return { emit, end, read }
}

/** Puts one link for each run of pieces in the place of what follows. Answers the last one. */
function joinPieces(turn: Place): Place {
  let last = turn
  let at = turn.next
  while (at !== null) {
    const { event } = at
    const pieces: string[] = []
    for (; at !== null && at.event.kind === event.kind; at = at.next) if ('text' in at.event) pieces.push(at.event.text)
    const joined = event.kind === 'text' || event.kind === 'thinking' ? { ...event, text: pieces.join('') } : event
    const link: Link = { event: joined, next: null }
    last.next = link
    last = link
  }
  return last
}
