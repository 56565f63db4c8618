import type { ReactNode } from 'react'
import { Button } from './button.jsx'
import { Failure, Skeleton } from './notice.jsx'

/** As much of a paged query as is needed to show it. */
export interface PagedQuery<Page> {
  readonly data: { readonly pages: readonly Page[] } | undefined
  readonly error: unknown
  readonly hasNextPage: boolean
  readonly isFetchingNextPage: boolean
  readonly fetchNextPage: () => unknown
  readonly refetch: () => unknown
}

/** All items that were fetched so far, and a button for more. */
export function Paged<Page extends { readonly items: readonly unknown[] }>(props: {
  readonly query: PagedQuery<Page>
  readonly children: (items: Page['items'], first: Page) => ReactNode
}) {
  const { query, children } = props
  const first = query.data?.pages[0]
  return (
    <>
      {query.error ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {first === undefined && !query.error ? <Skeleton lines={6} className="px-4 pb-4" /> : null}
      {first === undefined ? null : children(query.data?.pages.flatMap(({ items }) => items) ?? [], first)}
      <MoreButton query={query} />
    </>
  )
}

/** Fetches the next page, if there is one. */
export function MoreButton({ query }: { query: Omit<PagedQuery<unknown>, 'data' | 'error' | 'refetch'> }) {
  if (!query.hasNextPage) return null
  return (
    <div className="border-t border-line px-4 py-2 text-center">
      <Button look="quiet" isSmall isBusy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {query.isFetchingNextPage ? 'Loading …' : 'Load more'}
      </Button>
    </div>
  )
}
