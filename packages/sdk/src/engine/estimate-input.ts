/** How prompts are estimated, where that may be done otherwise than by reading them. */

import type { CallView } from '../core/body/call.js'
import type { TokenRatio } from '../core/tokens/token-ratio.js'
import type { BlockWeight, TokenEstimate, TokenFacts } from '../core/tokens/tokens.js'

/**
 * Estimates the prompt of a request.
 *
 * @param ratio what has been learned of the model's tokens
 * @param weight of all blocks, where they were weighed before
 */
export type EstimateInput = (
  view: CallView,
  body: Uint8Array,
  facts: TokenFacts,
  ratio: TokenRatio,
  weight?: BlockWeight,
) => TokenEstimate
