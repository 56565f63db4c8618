import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AuditDraft, type AuditEntry, type AuditHead, emptyHead, sealAudit } from './audit.js'
import { verifyAuditChain } from './audit-check.js'
import { canonicalJson } from './canonical-json.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const draft: fc.Arbitrary<AuditDraft> = fc.record({
  at: fc.nat(),
  actor: fc.record({ kind: fc.constantFrom('cli', 'user'), id: fc.string(), name: fc.string({ unit: 'binary' }) }),
  action: fc.constantFrom('keys.create', 'budgets.write'),
  subject: fc.string(),
  address: fc.option(fc.ipV4()),
  before: fc.jsonValue({ maxDepth: 3 }),
  after: fc.jsonValue({ maxDepth: 3 }),
})

function chainOf(drafts: readonly AuditDraft[]): AuditEntry[] {
  const entries: AuditEntry[] = []
  for (const each of drafts) entries.push(sealAudit(each, entries.at(-1) ?? emptyHead, sha256))
  return entries
}

function headOf(entries: readonly AuditEntry[]): AuditHead {
  const last = entries.at(-1) ?? emptyHead
  return { sequence: last.sequence, hash: last.hash }
}

/** The entry as somebody would leave it who knows how it is hashed. */
function reseal(entry: AuditEntry): AuditEntry {
  return sealAudit(entry, { sequence: entry.sequence - 1, hash: entry.previous }, sha256)
}

type Mutation = (entries: AuditEntry[], at: number, to: number) => AuditEntry[]
const other = (text: string): string => (text === 'x' ? 'y' : 'x')
const replace = (entries: AuditEntry[], at: number, change: (entry: AuditEntry) => AuditEntry): AuditEntry[] =>
  entries.map((entry, index) => (index === at ? change(entry) : entry))

const mutations: Readonly<Record<string, Mutation>> = {
  'an edited subject': (entries, at) => replace(entries, at, (entry) => ({ ...entry, subject: other(entry.subject) })),
  'an edited time': (entries, at) => replace(entries, at, (entry) => ({ ...entry, at: entry.at + 1 })),
  'an edited actor': (entries, at) =>
    replace(entries, at, (entry) => ({ ...entry, actor: { ...entry.actor, id: other(entry.actor.id) } })),
  'an edited before': (entries, at) => replace(entries, at, (entry) => ({ ...entry, before: [entry.before] })),
  'an edited after': (entries, at) => replace(entries, at, (entry) => ({ ...entry, after: { x: entry.after } })),
  'an edited address': (entries, at) => replace(entries, at, (entry) => ({ ...entry, address: '::2' })),
  'an edited hash': (entries, at) => replace(entries, at, (entry) => ({ ...entry, hash: sha256(entry.hash) })),
  'an edited number': (entries, at) => replace(entries, at, (entry) => ({ ...entry, sequence: entry.sequence + 1 })),
  'an edit with its hash': (entries, at) =>
    replace(entries, at, (entry) => reseal({ ...entry, subject: other(entry.subject) })),
  'an edit with all hashes after it': (entries, at) =>
    chainOf(replace(entries, at, (entry) => ({ ...entry, action: 'users.write' }))),
  'a deletion': (entries, at) => entries.toSpliced(at, 1),
  'a deletion with all hashes after it': (entries, at) => chainOf(entries.toSpliced(at, 1)),
  'an entry twice': (entries, at) => entries.toSpliced(at, 0, entries[at] as AuditEntry),
  'two exchanged': (entries, at, to) => {
    const [a, b] = [entries[at] as AuditEntry, entries[to === at ? (at + 1) % entries.length : to] as AuditEntry]
    const exchanged = new Map([
      [a, b],
      [b, a],
    ])
    return entries.map((entry) => exchanged.get(entry) ?? entry)
  },
  'a cut at the end': (entries, at) => entries.slice(0, at),
}

describe('an audit log', () => {
  it('is found right as it was written, with any head that was noted down on the way', () => {
    fc.assert(
      fc.property(fc.array(draft, { maxLength: 8 }), (drafts) => {
        const entries = chainOf(drafts)
        const heads = entries.map((_, index) => headOf(entries.slice(0, index + 1)))
        expect(verifyAuditChain(entries, sha256, heads)).toEqual([])
        const fromStore = JSON.parse(JSON.stringify(entries)) as AuditEntry[]
        expect(verifyAuditChain(fromStore, sha256, heads)).toEqual([])
      }),
    )
  })

  it.each(Object.entries(mutations))('is found wrong after %s, wherever it happens', (_, mutate) => {
    fc.assert(
      fc.property(fc.array(draft, { minLength: 2, maxLength: 8 }), fc.nat(), fc.nat(), (drafts, at, to) => {
        const entries = chainOf(drafts)
        const mutated = mutate(entries, at % entries.length, to % entries.length)
        expect(verifyAuditChain(mutated, sha256, [headOf(entries)])).not.toEqual([])
      }),
    )
  })

  it('says where it is broken', () => {
    const entries = chainOf(fc.sample(draft, 5))
    const [first, second, third] = entries as [AuditEntry, AuditEntry, AuditEntry]
    const edited = { ...second, subject: 'somebody else' }
    expect(verifyAuditChain([first, edited, third], sha256)).toEqual([{ sequence: 2, problem: 'edited' }])
    expect(verifyAuditChain([first, third], sha256)).toEqual([{ sequence: 2, problem: 'missing' }])
    expect(verifyAuditChain([first, reseal(edited), third], sha256)).toEqual([{ sequence: 3, problem: 'unchained' }])
    expect(verifyAuditChain([first], sha256, [headOf(entries)])).toEqual([{ sequence: 2, problem: 'missing' }])
    const forged = chainOf([first, { ...second, subject: 'x!' }])
    expect(verifyAuditChain(forged, sha256, [headOf([second])])).toEqual([{ sequence: 2, problem: 'rewritten' }])
  })
})

describe('canonical JSON', () => {
  it('is JSON of the same value, and equal for equal values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        const plain = JSON.parse(JSON.stringify(value)) as unknown
        expect(JSON.parse(text)).toEqual(plain)
        expect(canonicalJson(JSON.parse(text))).toBe(text)
      }),
    )
    expect(canonicalJson({ b: 1, a: [undefined, Number.NaN], c: undefined })).toBe('{"a":[null,null],"b":1}')
    expect(canonicalJson(JSON.parse('{"__proto__":{"x":1}}'))).toBe('{"__proto__":{"x":1}}')
  })

  it('does not follow what contains itself', () => {
    const round: Record<string, unknown> = {}
    round.self = round
    expect(() => canonicalJson(round)).toThrow(RangeError)
  })
})
