import { resolveEndpoint } from '@runguard/sdk/core'
import { expect, it } from 'vitest'
import { ownTarget } from './own-target.js'

it.each([
  ['/runguard/api/calls?limit=5', '/runguard/api/calls?limit=5'],
  ['/p/web/runguard/api/calls?limit=5', '/runguard/api/calls?limit=5'],
  ['/p/a%20b/runguard/', '/runguard/'],
  ['/p/web/runguard', '/runguard'],
  ['http://127.0.0.1:4141/p/web/runguard/events', '/runguard/events'],
  // A name may hold what parts a path elsewhere: it is read by its route alone.
  ['/p/web/runguard/api/breakers/session:a%2F..%2Fb/hold', '/runguard/api/breakers/session:a%2F..%2Fb/hold'],
  ['/runguard/api/sessions/%2Fp%2Fweb%2Frunguard', '/runguard/api/sessions/%2Fp%2Fweb%2Frunguard'],
  ['/runguard/p/web/runguard/api/keys', '/runguard/p/web/runguard/api/keys'],
  ['/p/web/runguards', '/p/web/runguards'],
  ['/v1/organizations/spend_limits/spl_x', '/v1/organizations/spend_limits/spl_x'],
  ['/organizations/spend_limits?page=a', '/v1/organizations/spend_limits?page=a'],
  ['/p/web/v1//organizations/./spend%5Flimits', '/v1/organizations/spend_limits'],
])('%s is served as %s', (written, served) => {
  expect(ownTarget(resolveEndpoint('GET', written), written)).toBe(served)
})
