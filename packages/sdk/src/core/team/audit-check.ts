/** Whether an audit log is still as it was written. */

import { type AuditEntry, type AuditHead, emptyHead, type HashText, hashOfEntry } from './audit.js'

/**
 * `edited`: its hash is not that of its content. `missing`: entries are gone. `out-of-order`: it stands where another
 * belongs. `unchained`: it does not follow on the one before. `rewritten`: its hash is not the one that was noted down.
 */
export type AuditProblem = 'edited' | 'missing' | 'out-of-order' | 'unchained' | 'rewritten'

/** Something that is wrong, and where: the number of the entry, or of the first that is missing. */
export interface AuditFinding {
  readonly sequence: number
  readonly problem: AuditProblem
}

/** A check that is fed entry by entry, so that a log of any length fits. */
export interface AuditCheck {
  /** In ascending order, from the first one. */
  add(entry: AuditEntry): void
  /** What was found: nothing, as a rule. At most a hundred findings. */
  end(): readonly AuditFinding[]
}

const MAX_FINDINGS = 100

/** @param known heads that were noted down at any time, in alerts or exports */
export function openAuditCheck(hash: HashText, known: readonly AuditHead[] = []): AuditCheck {
  const findings: AuditFinding[] = []
  const note = (sequence: number, problem: AuditProblem): void => {
    if (findings.length < MAX_FINDINGS) findings.push({ sequence, problem })
  }
  let last: AuditHead = emptyHead
  return {
    add(entry) {
      const { sequence } = entry
      const isNext = sequence === last.sequence + 1
      if (sequence > last.sequence + 1) note(last.sequence + 1, 'missing')
      else if (!isNext) note(sequence, 'out-of-order')
      if (isNext && entry.previous !== last.hash) note(sequence, 'unchained')
      if (hashOfEntry(entry, hash) !== entry.hash) note(sequence, 'edited')
      else if (known.some((head) => head.sequence === sequence && head.hash !== entry.hash)) note(sequence, 'rewritten')
      last = { sequence, hash: entry.hash }
    },
    end() {
      if (known.some((head) => head.sequence > last.sequence)) note(last.sequence + 1, 'missing')
      return findings
    },
  }
}

/** The same for a log that is there as a whole. */
export function verifyAuditChain(
  entries: Iterable<AuditEntry>,
  hash: HashText,
  known: readonly AuditHead[] = [],
): readonly AuditFinding[] {
  const check = openAuditCheck(hash, known)
  for (const entry of entries) check.add(entry)
  return check.end()
}
