/** Giving up. */

/** The same, but rejects with the reason of the signal as soon as that is aborted. The work is left to itself. */
export function unlessAborted<Result>(signal: AbortSignal | null, work: Promise<Result>): Promise<Result> {
  if (signal === null) return work
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}

/** Throws the reason of a signal that is aborted. Signals that a library has made may not be able to do that themselves. */
export function throwIfAborted(signal: AbortSignal | null | undefined): void {
  if (signal?.aborted === true) throw signal.reason ?? new DOMException('This operation was aborted', 'AbortError')
}
