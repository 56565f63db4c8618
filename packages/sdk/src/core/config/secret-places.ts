/** Where a configuration has secrets, so that whoever reads the file can insist that they are not written into it. */

import { asObject } from '../body/json-object.js'

/** Fields of channels that are secrets, by kind. */
const SECRETS: ReadonlyMap<unknown, string> = new Map([
  ['slack', 'url'],
  ['pagerduty', 'routingKey'],
  ['webhook', 'secret'],
  ['email', 'password'],
])

/** Of who uses a gateway. */
const SECRETS_OF_ACCESS: readonly (readonly string[])[] = [
  ['access', 'upstreamKey'],
  ['access', 'adminToken'],
  ['access', 'oidc', 'clientSecret'],
]

/** The places of the secrets in what a file holds, as keys from the outside in. */
export function secretPlaces(input: unknown): readonly (readonly string[])[] {
  const channels = Object.entries(asObject(asObject(asObject(input).alerts).channels))
  const headers = Object.keys(asObject(asObject(asObject(asObject(input).telemetry).otlp).headers))
  return [
    ...channels.flatMap(([name, channel]) => {
      const field = SECRETS.get(asObject(channel).kind)
      return field !== undefined && Object.hasOwn(asObject(channel), field) ? [['alerts', 'channels', name, field]] : []
    }),
    ...SECRETS_OF_ACCESS.filter((place) => isThere(input, place)),
    ...headers.map((name) => ['telemetry', 'otlp', 'headers', name]),
  ]
}

function isThere(input: unknown, place: readonly string[]): boolean {
  const [key = '', ...rest] = place
  const fields = asObject(input)
  return Object.hasOwn(fields, key) && (rest.length === 0 || isThere(fields[key], rest))
}
