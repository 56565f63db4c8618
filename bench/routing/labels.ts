/** Questions with who answers them right: the public evaluation data of RouteLLM, or a generated set in their likeness. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One question, and whether the strong and the weak model answered it right. */
export interface Label {
  /** What kind of question it is: the subject of a benchmark, the task of a call. */
  readonly subject: string
  /** Characters of the question. */
  readonly length: number
  readonly isStrongRight: boolean
  readonly isWeakRight: boolean
}

/** A set of questions. */
export interface LabelSet {
  readonly name: string
  /** True if nobody ever asked these questions: such a set shows what a router does with a world, and not what the world is like. */
  readonly isGenerated: boolean
  readonly labels: readonly Label[]
}

/**
 * The sets in a folder: `gsm8k_responses.csv` and `mmlu_<subject>.csv` as RouteLLM publishes them, in it or in
 * `mmlu/responses` and `gsm8k`. Empty if there are none.
 */
export function readLabelSets(folder: string): readonly LabelSet[] {
  const files = [folder, join(folder, 'mmlu/responses'), join(folder, 'gsm8k')].flatMap(listTables)
  const sets = [
    { name: 'MMLU', paths: files.filter((path) => /mmlu_[^/]*\.csv$/.test(path)) },
    { name: 'GSM8K', paths: files.filter((path) => /gsm8k_responses\.csv$/.test(path)) },
  ]
  return sets.flatMap(({ name, paths }) => {
    const labels = paths.flatMap((path) => readTable(subjectOf(path), readFileSync(path, 'utf8')))
    return labels.length === 0 ? [] : [{ name, isGenerated: false, labels }]
  })
}

function listTables(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => join(folder, name))
}

function subjectOf(path: string): string {
  return /mmlu_([^/]*)\.csv$/.exec(path)?.[1] ?? 'gsm8k'
}

function readTable(subject: string, text: string): readonly Label[] {
  const [head = [], ...rows] = readCsv(text)
  const strong = head.findIndex((name) => name.includes('gpt-4'))
  const weak = head.findIndex((name) => /mixtral/i.test(name))
  const prompt = head.indexOf('prompt')
  if (strong < 0 || weak < 0 || prompt < 0) throw new Error(`${subject}: no columns prompt, gpt-4… and …Mixtral…`)
  const isTrue = (value: string | undefined): boolean => value === 'True'
  return rows.map((row) => {
    return {
      subject,
      length: row[prompt]?.length ?? 0,
      isStrongRight: isTrue(row[strong]),
      isWeakRight: isTrue(row[weak]),
    }
  })
}

/** Rows of cells; quotes around a cell, doubled within it. */
function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end !== ',') rows.push([])
  }
  return rows.filter((row) => row.some((cell) => cell !== ''))
}

/** How often both models are right, by subject: what a task table can learn, and length can only guess at. */
const WORLD: readonly (readonly [subject: string, weak: number, strong: number, length: number])[] = [
  ['classify', 0.93, 0.95, 400],
  ['extract', 0.9, 0.94, 900],
  ['summarize', 0.88, 0.91, 2_600],
  ['translate', 0.9, 0.93, 700],
  ['code_review', 0.62, 0.8, 2_000],
  ['analyze', 0.66, 0.81, 1_400],
  ['reason', 0.45, 0.82, 500],
  ['research', 0.5, 0.78, 1_100],
]

/**
 * Questions that nobody asked. Both models have days of their own, so that most of what an oracle gains is luck, as it was
 * measured on real ones.
 */
export function generateLabels(count: number): LabelSet {
  const random = countRandom(7)
  const labels = Array.from({ length: count }, (): Label => {
    const [subject, weak, strong, length] = WORLD[Math.floor(random() * WORLD.length)] ?? ['', 0, 0, 0]
    const hardness = random() - 0.5
    return {
      subject,
      length: Math.round(length * (0.4 + 1.2 * random()) * (1 + 0.3 * hardness)),
      isStrongRight: random() < strong - 0.2 * hardness,
      isWeakRight: random() < weak - 0.2 * hardness,
    }
  })
  return { name: 'generated', isGenerated: true, labels }
}

/** Numbers from 0 to 1, the same ones in every run. */
export function countRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
