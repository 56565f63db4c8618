/** Ctrl-C and `kill`: the first asks for an orderly end, the second for a quick one, a third ends the process. */

/** The wishes of the person at the terminal, in their order. */
export interface StopSignals {
  readonly first: Promise<void>
  readonly second: Promise<void>
}

/** `npx` passes on a Ctrl-C that the terminal has already sent to everybody: within this time it is the same one. */
const ECHO_MS = 250

/** Starts listening. From here on a signal no longer ends the process by itself. */
export function listenForStop(): StopSignals {
  let firstAt: number | null = null
  let wantFirst = (): void => {}
  let wantSecond = (): void => {}
  const onSignal = (): void => {
    if (firstAt === null) {
      firstAt = performance.now()
      wantFirst()
    } else if (performance.now() - firstAt > ECHO_MS) {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
      wantSecond()
    }
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    first: new Promise((resolve) => {
      wantFirst = resolve
    }),
    second: new Promise((resolve) => {
      wantSecond = resolve
    }),
  }
}
