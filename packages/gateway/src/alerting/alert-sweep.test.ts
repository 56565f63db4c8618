import { openAlert } from '@runguard/sdk/core'
import { memoryStore } from '@runguard/sdk/store'
import { expect, it } from 'vitest'
import { findOver } from './alert-sweep.js'

it('finds what is over behind hundreds of alerts that stay open', async () => {
  const store = memoryStore()
  const keys = Array.from({ length: 450 }, (_, at) => `session:s${at}`)
  for (const [at, about] of keys.entries()) {
    const draft = {
      key: about,
      kind: 'breaker',
      severity: 'error',
      about,
      title: about,
      detail: '',
      facts: [],
    } as const
    const alert = openAlert(
      { ...draft, openedAt: at, resolvesAt: null },
      { id: `rg_${at}`, links: [], auditHead: null },
    )
    await store.writeAlert(alert, [])
  }
  const open = keys.slice(1).map((key) => {
    const state = { kind: 'held', by: 'test', note: null } as const
    return { key, state, changedAt: 1, trips: 0 }
  })
  const stillOpen = { ...store, readBreakers: async () => open as never }
  expect(await findOver(stillOpen, 1_000, null)).toEqual(['session:s0'])
})
