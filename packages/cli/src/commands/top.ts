/** `runguard top`: what happens at the moment, drawn again every second, from the store that gateways write to. */

import { setTimeout } from 'node:timers/promises'
import { type ExitCode, exitCodes } from '../exit.js'
import { readSharedStandings } from '../operations/read-standings.js'
import { openScreen } from '../screen.js'
import { type ConfigFile, findConfig } from '../settings/config-file.js'
import type { Environment } from '../settings/environment.js'
import { choosePlace, describePlace, useStore } from '../settings/open-store.js'
import type { OpenStore, StoreFlags } from '../settings/store-place.js'
import { listenForStop } from '../stop-signals.js'
import { type TopFacts, topFacts, topJson, topText } from '../views/top-views.js'

/** The flags of `top`. */
export interface TopOptions extends StoreFlags {
  readonly once?: boolean
  readonly json?: boolean
  /** Seconds between two drawings. */
  readonly every: number
}

/** More calls than ten minutes of a busy team. */
const MANY = 5_000

/** Draws until Ctrl-C or `q`; where nobody watches, it prints once. */
export async function runTop(environment: Environment, options: TopOptions): Promise<ExitCode> {
  const { terminal } = environment
  const file = await findConfig(environment, options.config)
  const place = choosePlace(environment, options, file)
  const isLive = options.once !== true && options.json !== true && process.stdout.isTTY === true
  const code = await useStore<ExitCode | null>(place, null, async (store) => {
    if (isLive) return await watch(environment, store, file, options.every)
    const facts = await readFacts(environment, store, file)
    terminal.print(options.json ? JSON.stringify(topJson(facts)) : topText(facts, terminal.colors, null))
    return exitCodes.ok
  })
  if (code !== null) return code
  terminal.say(`No calls in ${describePlace(place)} yet. Start the gateway with:  runguard`)
  return exitCodes.ok
}

async function readFacts({ now }: Environment, store: OpenStore, file: ConfigFile | null): Promise<TopFacts> {
  const nowMs = now()
  const { standings } = await readSharedStandings(store, file, nowMs)
  return topFacts(await store.listRecords(MANY), standings, nowMs)
}

/** The terminal is given back as it was, however this ends. */
async function watch(
  environment: Environment,
  store: OpenStore,
  file: ConfigFile | null,
  everySeconds: number,
): Promise<ExitCode> {
  const { terminal } = environment
  const stop = listenForStop()
  const screen = openScreen(process.stdout, process.stdin)
  const over = new AbortController()
  const leave = (): void => over.abort()
  for (const wish of [stop.first, screen.left]) wish.then(leave, leave)
  try {
    while (!over.signal.aborted) {
      const facts = await readFacts(environment, store, file)
      screen.draw((size) => topText(facts, terminal.colors, size))
      await pause(everySeconds * 1_000, over.signal)
    }
    return exitCodes.ok
  } finally {
    screen.close()
  }
}

/** Its timer is what keeps the program running: neither a keyboard nor a store does. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {})
}
