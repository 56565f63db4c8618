/**
 * Ending a stream from our side so that the client has a complete message, runs no half tool call, and can send the
 * conversation on.
 *
 * What a client was shown cannot be taken back. So while a cut is possible it is shown only what a message may end with:
 *
 * - Text passes as it comes. A cut closes it.
 * - Thinking is held back until its block is whole. The signature comes last, and the API refuses every later request
 *   that sends the block back without it: a cut inside would break the conversation for good. (Most clients ask for
 *   thinking not to be shown at all and lose nothing; the others see each block when it ends.)
 * - Server tools are held back until their result is there: the API refuses a call without one.
 * - From the client's first tool call on, everything is held back until the API has ended the message, so that a cut
 *   message has no tool call at all. A whole call beside a lost one would be run although the turn was stopped, or stay
 *   without the result that the API wants to see next.
 * - Kinds that are not known are held back until they are whole.
 *
 * So a cut only takes away the end of a message and adds a text that says why. What remains is unchanged, and each
 * thinking block that is left is still preceded by what it is bound to. The price: clients see tool calls later, though
 * hardly one runs them before the end, and pings bridge the silence. And an answer that was to be JSON is none after a
 * cut; no `stop_reason` may say so, because clients answer everything but `end_turn` by trying again.
 */

import { joinBytes } from '../body/bytes.js'
import { asObject } from '../body/json-object.js'
import { type CutNotice, endMessage } from './cut-end.js'
import { type Frame, frameReader, readData, writeFrame } from './cut-frames.js'
import { HeldEvents } from './cut-hold.js'
import { ShownBlocks } from './cut-shown.js'

/** Stands between the upstream's stream and the client. Bytes go in and come out in order; none is changed. */
export interface StreamGate {
  /** What to pass on of these bytes, or of bytes that were held back. Nothing once the stream was cut. */
  feed(chunk: Uint8Array): Uint8Array
  /**
   * What was held back, to be passed on, as everything from now on: the money for all of the answer is held, or the
   * upstream has ended, however it did.
   */
  open(): Uint8Array
  /** The bytes that end the message. Only while {@link StreamGate.isCuttable}; else empty, and nothing changes. */
  cut(notice: CutNotice): Uint8Array
  /** From the start of the message until its end. */
  readonly isCuttable: boolean
  /** How many bytes are held back. */
  readonly heldBytes: number
  /** The kind of the block that is being written, shown or held back; null between blocks. */
  readonly blockKind: string | null
}

/** The gate of one stream of server-sent events, decoded. */
export function streamGate(): StreamGate {
  return new Gate()
}

const NOTHING = new Uint8Array(0)
const PING = writeFrame('ping', {})

/**
 * - `waiting`: the message has not begun.
 * - `guarding`: it runs and can be cut.
 * - `passing`: the rest of it passes.
 * - `cut`: nothing passes.
 */
type Phase = 'waiting' | 'guarding' | 'passing' | 'cut'

class Gate implements StreamGate {
  blockKind: string | null = null
  private readonly reader = frameReader()
  private readonly held = new HeldEvents()
  private readonly shown = new ShownBlocks()
  private phase: Phase = 'waiting'

  get isCuttable(): boolean {
    return this.phase === 'guarding'
  }

  get heldBytes(): number {
    return this.held.bytes
  }

  feed(chunk: Uint8Array): Uint8Array {
    if (this.phase === 'cut') return NOTHING
    if (this.phase === 'passing') return chunk
    const heldBefore = this.held.bytes
    const passed: Uint8Array[] = []
    for (const frame of this.reader.feed(chunk)) passed.push(...this.step(frame))
    if (this.hasEnded()) return joinBytes([...passed, this.reader.takeRest()])
    // While events are held back the client has to see that the stream lives.
    return passed.length === 0 && this.held.bytes > heldBefore ? PING : joinBytes(passed)
  }

  open(): Uint8Array {
    if (this.phase === 'cut') return NOTHING
    this.phase = 'passing'
    return joinBytes([...this.release(), this.reader.takeRest()])
  }

  cut(notice: CutNotice): Uint8Array {
    if (this.phase !== 'guarding') return NOTHING
    this.phase = 'cut'
    this.held.takeAll()
    return endMessage(this.shown, notice)
  }

  private hasEnded(): boolean {
    return this.phase === 'passing'
  }

  private step(frame: Frame): Uint8Array[] {
    if (frame.name === 'content_block_start') this.blockKind = kindOf(frame)
    else if (frame.name === 'content_block_stop') this.blockKind = null
    if (this.phase === 'guarding') return this.guard(frame)
    if (frame.name === 'message_start') this.phase = 'guarding'
    return [frame.bytes]
  }

  /** What may pass now that this event has come. */
  private guard(frame: Frame): Uint8Array[] {
    if (frame.name === 'ping') return [frame.bytes]
    if (endsMessage(frame)) {
      this.phase = 'passing'
      return [...this.release(), frame.bytes]
    }
    const mayPass = this.held.isEmpty && (frame.name !== 'content_block_start' || kindOf(frame) === 'text')
    if (mayPass) return [this.shown.show(frame)]
    this.held.add(frame)
    return this.held.isWhole ? this.release() : []
  }

  private release(): Uint8Array[] {
    return this.held.takeAll().map((frame) => this.shown.show(frame))
  }
}

/** What follows the message's last block: the reason why it stopped, or an error. */
function endsMessage(frame: Frame): boolean {
  if (frame.name === 'message_delta') return typeof asObject(readData(frame.bytes).delta).stop_reason === 'string'
  return frame.name === 'message_stop' || frame.name === 'error'
}

function kindOf(frame: Frame): string {
  return String(asObject(readData(frame.bytes).content_block).type)
}
