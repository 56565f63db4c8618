/** What was found out about blocks, so that a conversation that grows by one block is looked into for that block alone. */

import { mixHash } from '../body/byte-hash.js'
import type { BlockWeight } from '../tokens/tokens.js'
import type { BlockPrint } from './fingerprint-block.js'

/** A block with what was found out about it. */
export interface SeenBlock extends BlockPrint {
  /** Of the block alone. */
  readonly weight: BlockWeight
  /** True for a string in place of an object. */
  readonly isString: boolean
  /** False for blocks on which the API allows no marker. */
  readonly canMark: boolean
}

/** What one caller knows of it. */
export type OwnPrints = Pick<PrintMemory, 'recall'>

const DEFAULT_MAX_BLOCKS = 50_000

/**
 * Blocks by the hash of their bytes. The oldest half is forgotten at once, so that nothing has to be moved when a block
 * is found; at most `maxBlocks` are kept, about 100 bytes each.
 */
export class PrintMemory {
  readonly #half: number
  #young = new Map<number, SeenBlock>()
  #old = new Map<number, SeenBlock>()

  constructor(maxBlocks: number = DEFAULT_MAX_BLOCKS) {
    this.#half = Math.max(1, Math.floor(maxBlocks / 2))
  }

  /** How many blocks are known. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /**
   * The same memory for one caller. Hashes are no proof: whoever makes a block with the hash of another's must not have it
   * taken for that one.
   */
  of(owner: number): OwnPrints {
    return { recall: (hash, look) => this.recall(mixHash(hash, owner), look) }
  }

  /** The block with this hash; found out by `look` if it is not known. */
  recall(hash: number, look: () => SeenBlock): SeenBlock {
    const young = this.#young.get(hash)
    if (young !== undefined) return young
    const block = this.#old.get(hash) ?? look()
    this.#old.delete(hash)
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(hash, block)
    return block
  }
}
