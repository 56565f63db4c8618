/** The clients of the table, and every way into the engine that each of them has. */

import type { Door } from '../stage/place.js'
import { agentSdk } from './agent-sdk.js'
import { aiSdk } from './ai-sdk.js'
import { anthropic, previousAnthropic } from './anthropic.js'
import { claudeCode } from './claude-code.js'
import type { ClientKind } from './client.js'
import { langchain } from './langchain.js'

/** A client at a door. */
export interface Entrance {
  /** For titles of tests. */
  readonly name: string
  readonly kind: ClientKind
  readonly door: Door
}

/** Libraries of the program that uses them: they can be guarded where they are. */
export const embeddedClients: readonly ClientKind[] = [anthropic, previousAnthropic, aiSdk, langchain]

/** Programs of their own, which only a gateway can stand in front of. */
const programs: readonly ClientKind[] = [claudeCode, agentSdk]

/** All of them. */
export const clients: readonly ClientKind[] = [...embeddedClients, ...programs]

/** Clients at every door that they have. */
export function entrancesOf(kinds: readonly ClientKind[]): readonly Entrance[] {
  return kinds.flatMap((kind) => {
    const doors: readonly Door[] = programs.includes(kind) ? ['gateway'] : ['gateway', 'in-process']
    return doors.map((door) => ({ name: `${kind.name}, ${door}`, kind, door }))
  })
}

/** All clients at all doors. */
export const entrances: readonly Entrance[] = entrancesOf(clients)
