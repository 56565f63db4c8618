/** The part `caching` of the configuration. */

import { strictObject, word } from '../config/written-schema.js'
import type { CachingPolicy } from './caching.js'

/** How prompts are cached: {@link CachingPolicy}. */
export const cachingSchema = strictObject({
  mode: word(['off', 'explain', 'fill'])
    .optional()
    .describe(
      'fill sets cache markers where they pay; explain only says where, and why prompts were not read; off does not look. ' +
        'By default requests without markers are filled, and the others explained.',
    ),
  ttl: word(['5m', '1h']).optional().describe('The only lifetime to ask for; by default whichever should cost least.'),
}).transform(({ mode = null, ttl = null }): CachingPolicy => ({ mode, ttl }))
