/** Deferred calls without a disk: the reference for the other stores. */

import type { DeferredBatch, DeferredJob } from '../core/defer/defer.js'
import type { DeferredStore } from './deferred-store.js'
import { compareText } from './summary.js'

interface Kept {
  job: DeferredJob
  request: string | null
  answer: string | null
}

type Jobs = Map<string, Kept>

/** An empty queue. */
export function memoryDeferred(): DeferredStore {
  const jobs: Jobs = new Map()
  const batches = new Map<string, { readonly batch: DeferredBatch; readonly at: number }>()
  const leases = new Map<string, { readonly owner: string; readonly until: number }>()
  return {
    ...jobReads(jobs),
    ...jobWrites(jobs),
    async forgetDeferred(before) {
      const isOpen = (id: string | null): boolean =>
        id !== null && batches.has(id) && batches.get(id)?.batch.state !== 'ended'
      for (const [id, { job }] of jobs) {
        if (job.endedAt !== null && job.endedAt < before && !isOpen(job.batch)) jobs.delete(id)
      }
      for (const [id, { batch, at }] of batches) if (batch.state === 'ended' && at < before) batches.delete(id)
    },
    async listDeferredAccounts() {
      const open = [...[...jobs.values()].map(({ job }) => job), ...[...batches.values()].map(({ batch }) => batch)]
      return [...new Set(open.filter(({ state }) => state !== 'ended').map(({ account }) => account))].sort()
    },
    async putDeferredBatch(batch, at) {
      batches.set(batch.id, { batch: structuredClone(batch), at })
    },
    async listDeferredBatches(account) {
      const all = [...batches.values()].map(({ batch }) => batch)
      const open = all.filter((batch) => batch.account === account && batch.state !== 'ended')
      return open.sort((a, b) => compareText(a.id, b.id))
    },
    async findDeferredBatch(upstream) {
      return [...batches.values()].find(({ batch }) => batch.upstream === upstream)?.batch ?? null
    },
    async leaseDeferred({ account, owner, now, until }) {
      const lease = leases.get(account)
      if (lease !== undefined && lease.owner !== owner && lease.until > now) return false
      leases.set(account, { owner, until })
      return true
    },
  }
}

type Reads = Pick<
  DeferredStore,
  'findDeferred' | 'readDeferredRequests' | 'readDeferredAnswer' | 'listDeferred' | 'listDeferredOfBatch' | 'listUntold'
>

function jobReads(jobs: Jobs): Reads {
  const find = (isWanted: (job: DeferredJob) => boolean): DeferredJob[] =>
    [...jobs.values()].map(({ job }) => job).filter(isWanted)
  return {
    async findDeferred(id) {
      return jobs.get(id)?.job ?? null
    },
    async readDeferredRequests(ids) {
      const requests = ids.map((id) => [id, jobs.get(id)?.request ?? null] as const)
      return new Map(requests.flatMap(([id, request]) => (request === null ? [] : [[id, request]])))
    },
    async readDeferredAnswer(id) {
      return jobs.get(id)?.answer ?? null
    },
    async listDeferred(account) {
      return find((job) => job.account === account && job.state !== 'ended').sort(compareJobs)
    },
    async listDeferredOfBatch(batch) {
      return find((job) => job.batch === batch).sort(compareJobs)
    },
    async listUntold(limit) {
      const untold = find(({ state, webhook, toldAt }) => state === 'ended' && webhook !== null && toldAt === null)
      return untold.sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0) || compareText(a.id, b.id)).slice(0, limit)
    },
  }
}

type Writes = Pick<DeferredStore, 'addDeferred' | 'moveDeferred' | 'endDeferred' | 'markTold' | 'dropDeferred'>

function jobWrites(jobs: Jobs): Writes {
  const change = (kept: Kept, changes: Partial<DeferredJob>): void => {
    kept.job = { ...kept.job, ...changes }
  }
  return {
    async addDeferred(job, request) {
      if (jobs.has(job.id)) return false
      jobs.set(job.id, { job: structuredClone(job), request, answer: null })
      return true
    },
    async moveDeferred({ ids, from, ofBatch, to, batch, sender, hasTried = false }) {
      return ids.filter((id) => {
        const kept = jobs.get(id)
        if (kept === undefined || !from.includes(kept.job.state)) return false
        if (ofBatch !== undefined && kept.job.batch !== ofBatch) return false
        const tries = kept.job.tries + Number(hasTried)
        change(kept, { state: to, sender, tries, ...(batch === undefined ? {} : { batch }) })
        return true
      })
    },
    async endDeferred({ id, outcome, answer, at, from }) {
      const kept = jobs.get(id)
      if (kept === undefined || (kept.job.state === 'ended' && kept.job.outcome !== 'interrupted')) return false
      if (from !== undefined && !from.includes(kept.job.state)) return false
      change(kept, { state: 'ended', outcome, endedAt: at, sender: null })
      kept.answer = answer
      kept.request = null
      return true
    },
    async markTold(id, at) {
      const kept = jobs.get(id)
      if (kept !== undefined) change(kept, { toldAt: at })
    },
    async dropDeferred(id) {
      return jobs.get(id)?.job.state === 'new' && jobs.delete(id)
    },
  }
}

/** The oldest first. */
export function compareJobs(a: DeferredJob, b: DeferredJob): number {
  return a.createdAt - b.createdAt || compareText(a.id, b.id)
}
