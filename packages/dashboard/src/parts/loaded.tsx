import type { ReactNode } from 'react'
import { Failure, Skeleton } from './notice.jsx'

/** As much of a query as is needed to show it. */
export interface Loading<Data> {
  readonly data: Data | undefined
  readonly error: unknown
  readonly isPending: boolean
  readonly refetch: () => unknown
}

/** What was read, a skeleton until then, and what went wrong above it. */
export function Loaded<Data>(props: { query: Loading<Data>; lines?: number; children: (data: Data) => ReactNode }) {
  const { query, lines, children } = props
  return (
    <>
      {query.error ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data === undefined && !query.error ? <Skeleton lines={lines ?? 4} className="px-4 py-3" /> : null}
      {query.data === undefined ? null : children(query.data)}
    </>
  )
}
