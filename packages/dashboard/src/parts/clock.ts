import { useEffect, useState } from 'react'
import { currentTime, startClock } from '../api/live.js'

/** The time now, renewed every so often. */
export function useNow(everyMs = 10_000): number {
  const [nowMs, setNowMs] = useState(currentTime)
  useEffect(() => startClock(everyMs, setNowMs), [everyMs])
  return nowMs
}
