/** The records of a store from the oldest on, page by page: however many there are, a few are in memory. */

import type { CallRecord } from '@runguard/sdk/core'
import type { RecordPlace, Store } from '@runguard/sdk/store'
import type { Span } from '../views/moments.js'

const PAGE = 1_000
/** Behind every id. */
const LAST_ID = '\u{10ffff}'

/** All records of a span; no page is empty. */
export async function* recordPages(
  store: Pick<Store, 'pageRecords'>,
  { since, until }: Span,
): AsyncGenerator<readonly CallRecord[]> {
  let place: RecordPlace | null = { startedAt: since - 1, id: LAST_ID }
  while (place !== null) {
    const page: readonly CallRecord[] = await store.pageRecords(place, PAGE)
    const last = page.at(-1)
    place = last === undefined || last.startedAt >= until ? null : last
    const wanted = page.filter(({ startedAt }) => startedAt < until)
    if (wanted.length > 0) yield wanted
  }
}
