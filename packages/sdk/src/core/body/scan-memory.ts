/**
 * Agents send the same conversation again and again, a little longer each time. The scanner goes strictly from left to
 * right, so where a body begins with the bytes of an earlier one, it goes on where that one's scan stood.
 *
 * Nothing of the bytes is kept, only their seal, so that no prompt stays in memory. What is resumed is what a scan of the
 * whole body would find; blocks that were taken over are the very same objects, by which others can tell them.
 */

import { type HashSource, hashRange, hashSource } from './byte-hash.js'
import type { BlockView, CallView } from './call.js'
import { type Checkpoint, continueScan, scanCall } from './scan.js'

/**
 * A digest that nobody can foresee: whoever could make two bodies of the same one would have the second read as the
 * first, with another model and other limits.
 */
export type Seal = (bytes: Uint8Array) => string

/** What a memory of scans may hold. */
export interface ScanLimits {
  /** Conversations. */
  readonly conversations: number
  /** Blocks of all of them, about 100 bytes each. */
  readonly blocks: number
  /** Smaller bodies are scanned whole: that costs no more than to recognise them. */
  readonly minBytes: number
}

const defaultLimits: ScanLimits = { conversations: 500, blocks: 100_000, minBytes: 16_384 }

/** So many bytes before a checkpoint tell whether its seal is worth comparing: what is a form ends alike. */
const HINT_BYTES = 1_024
const OBJECT_END = 0x7d
/** A checkpoint moves on when more than an eighth of the body stands behind it. */
const PARTS_BEHIND = 8
/** What is kept of a body is names, and no name is long; cut ones are as long as this, and may hold on to the rest. */
const MAX_NAME = 200
/** Of a block and of a role: there are as many of them as there are blocks. */
const MAX_KIND = 64
/** Clients put JSON into it. */
const MAX_USER_ID = 1_000
const MAX_STATED = 16

interface Known {
  readonly owner: string
  readonly checkpoint: Checkpoint
  readonly hint: number
  readonly seal: string
}

/** Scans of the conversations that came by last. */
export class ScanMemory {
  readonly #seal: Seal | null
  readonly #limits: ScanLimits
  /** Oldest first. */
  readonly #known = new Set<Known>()
  #blocks = 0

  /** @param seal null where there is none: then every body is scanned whole */
  constructor(seal: Seal | null, limits: Partial<ScanLimits> = {}) {
    this.#seal = seal
    this.#limits = { ...defaultLimits, ...limits }
  }

  /** What is remembered now. */
  get size(): Pick<ScanLimits, 'conversations' | 'blocks'> {
    return { conversations: this.#known.size, blocks: this.#blocks }
  }

  /**
   * Reads a body, of one that is known only what is new.
   *
   * @param owner who sends it. What others have sent is not known to him: how soon he is answered must not tell him
   * whether he has guessed it
   * @throws MalformedBodyError as `scanCall` does
   */
  scan(bytes: Uint8Array, owner: string): CallView {
    if (this.#seal === null || bytes.length < this.#limits.minBytes) return scanCall(bytes)
    const source = hashSource(bytes)
    const known = this.#find(source, owner, this.#seal)
    const { view, next } = continueScan(bytes, known?.checkpoint ?? null)
    const isDue = next !== null && (known === null || isFarBehind(known.checkpoint, next, bytes.length))
    const isMoved = isDue && isKeepable(next, bytes)
    if (known !== null) this.#forget(known)
    if (isMoved) {
      const seal = this.#seal(bytes.subarray(0, next.at))
      this.#keep({ owner, checkpoint: next, hint: hintAt(source, next.at), seal })
    } else if (known !== null) this.#keep(known)
    return view
  }

  /** The one from which most of the body is known. One that only seems to be it is of no more use, and forgotten. */
  #find(source: HashSource, owner: string, seal: Seal): Known | null {
    const { bytes } = source
    let found: Known | null = null
    for (const known of this.#known) {
      const { at } = known.checkpoint
      const isLater = at < bytes.length && at > (found?.checkpoint.at ?? 0) && known.owner === owner
      if (isLater && bytes[at - 1] === OBJECT_END && hintAt(source, at) === known.hint) found = known
    }
    if (found === null || seal(bytes.subarray(0, found.checkpoint.at)) === found.seal) return found
    this.#forget(found)
    return null
  }

  #keep(known: Known): void {
    this.#known.add(known)
    this.#blocks += blocksOf(known.checkpoint)
    for (const oldest of this.#known) {
      if (this.#known.size <= this.#limits.conversations && this.#blocks <= this.#limits.blocks) return
      this.#forget(oldest)
    }
  }

  #forget(known: Known): void {
    this.#known.delete(known)
    this.#blocks -= blocksOf(known.checkpoint)
  }
}

function hintAt(source: HashSource, at: number): number {
  return hashRange(source, Math.max(0, at - HINT_BYTES), at)
}

function isFarBehind({ at }: Checkpoint, next: Checkpoint, bytes: number): boolean {
  return (next.at - at) * PARTS_BEHIND > bytes
}

function blocksOf({ tools, system, read }: Checkpoint): number {
  return tools.length + system.length + read.length
}

/** No name in it is so long that a prompt could hide there. */
function isKeepable({ at, view, stated, tools, system, read }: Checkpoint, bytes: Uint8Array): boolean {
  if (bytes[at - 1] !== OBJECT_END || stated.length > MAX_STATED) return false
  const { model, userId, thinking, toolChoice, effort, speed, inferenceGeo, thread, fallbacks } = view
  const names = [model, thinking?.type, toolChoice, effort, speed, inferenceGeo, thread?.previous]
  const areBrief = names.every((name) => isBrief(name)) && isBrief(userId, MAX_USER_ID)
  const hasFallbacks = fallbacks !== 'default' && fallbacks.length > 0
  return areBrief && !hasFallbacks && [tools, system, read].every((blocks) => blocks.every(isNamed))
}

function isNamed({ kind, role }: BlockView): boolean {
  return isBrief(kind, MAX_KIND) && isBrief(role, MAX_KIND)
}

function isBrief(name: string | null | undefined, limit = MAX_NAME): boolean {
  return (name ?? '').length < limit
}
