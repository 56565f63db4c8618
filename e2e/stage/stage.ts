/** The stage: a simulated API, and a door in front of it. */

import { type RunningSimulator, type Script, startSimulator } from '@runguard/simulator'
import { onTestFinished } from 'vitest'
import { openGateway } from './gateway.js'
import { openGuard } from './in-process.js'
import type { Door, DoorOptions, OpenDoor } from './place.js'

/** A door in front of the simulator. */
export interface Stage extends OpenDoor {
  readonly simulator: RunningSimulator
}

/** What may differ from an ordinary stage. */
export interface StageOptions extends DoorOptions {
  /** The gateway, unless it says otherwise. */
  readonly door?: Door
  /** What the model says where the words of the person hold no directive. */
  readonly script?: Script
}

/** Opens a door in front of a simulator of its own. Both end with the test. */
export async function openStage({ door = 'gateway', script, ...options }: StageOptions = {}): Promise<Stage> {
  const simulator = await startSimulator(script === undefined ? {} : { script })
  onTestFinished(() => simulator.close())
  const open = door === 'gateway' ? await openGateway(simulator.url, options) : openGuard(simulator.url, options)
  return { ...open, simulator }
}
