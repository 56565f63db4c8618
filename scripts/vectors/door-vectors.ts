/** Cases for the way to a gateway: what an address and an account become in the environment of a client. */

import { type GatewayPlace, gatewayEnvironment } from '@runguard/sdk'

const url = 'http://127.0.0.1:4141'

const places: readonly GatewayPlace[] = [
  { url },
  { url: 'https://gateway.example.com/p/team/v1/' },
  { url: 'localhost:4141' },
  { url: 'ftp://host' },
  { url: '' },
  { url, session: 'nightly', project: 'web', user: 'ann@example.com', task: 'code review', tags: ['a', 'b'] },
  { url, tags: [] },
  { url, tags: ['a', ''] },
  { url, tags: ['a', ' b'] },
  { url, tags: ['a,b'] },
  { url, session: 'a\nb' },
  { url, session: '' },
  { url, user: 'ä' },
  { url, project: ' web' },
  { url, task: 'x'.repeat(2_000) },
  { url, task: 'x'.repeat(2_001) },
]

/** Places with the environment; null where a place is refused. */
export function environmentVectors(): object {
  return { cases: places.map((input) => ({ input, expect: environmentOrNull(input) })) }
}

function environmentOrNull(place: GatewayPlace): Record<string, string> | null {
  try {
    return gatewayEnvironment(place)
  } catch {
    return null
  }
}
