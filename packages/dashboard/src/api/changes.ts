/** What the screens change. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { use } from 'react'
import { type Change, change } from './client.js'
import { CsrfContext } from './csrf.js'
import type { Subject } from './queries.js'

/**
 * A change that a button starts: `run.mutate(input)`. What it renews is read again before the change counts as done, so
 * that nobody sees the old state behind a finished dialog.
 */
export function useChange<Input, Answer = unknown>(toChange: (input: Input) => Change, renews: readonly Subject[]) {
  const csrfToken = use(CsrfContext)
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (input: Input) => change<Answer>(toChange(input), csrfToken),
    onSuccess: () => Promise.all(renews.map((subject) => queries.invalidateQueries({ queryKey: [subject] }))),
  })
}
