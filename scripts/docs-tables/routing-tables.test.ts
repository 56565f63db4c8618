import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { testOnData } from '../testing/shared-data.js'

interface Outcome {
  readonly usd: number
  readonly losers: number
  readonly worstLoss: number
}

/** What `npm run bench:routing -- --json` prints, as far as the guide repeats it. */
interface Measured {
  readonly switching: readonly {
    readonly from: string
    readonly to: string
    readonly stayUsd: number
    readonly naive: Outcome
    readonly guarded: Outcome
  }[]
  readonly classifier: readonly {
    readonly set: string
    readonly calls: number
    readonly right: number
    readonly wrong: number
    readonly silent: number
  }[]
}

const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const guide = readFileSync(fileOf('docs/guides/routing.md'), 'utf8')
const measuring = promisify(execFile)(process.execPath, [fileOf('bench/dist/routing.js'), '--json']).then(
  ({ stdout }) => JSON.parse(stdout) as Measured,
)

/** The cells of the table whose head begins so, row by row. */
function rowsUnder(title: string): readonly (readonly string[])[] {
  const from = guide.indexOf(`| ${title}`)
  const [, , ...rows] = guide.slice(from, guide.indexOf('\n\n', from)).split('\n')
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** `Opus 5.5` → `claude-opus-5-5`. */
const idOf = (name: string): string => `claude-${name.toLowerCase().replace(/[ .]/g, '-')}`

/** Trailing zeros say nothing: `38.70` is `38.7`. */
const percent = (share: number, digits: number): string => `${Number((share * 100).toFixed(digits))}`

function outcomeCell({ usd, losers, worstLoss }: Outcome, stayUsd: number): string {
  const worst = percent(worstLoss, worstLoss < 0.01 ? 2 : 1)
  return `−${((1 - usd / stayUsd) * 100).toFixed(1)} %, ${losers}, ${worst} %`
}

test('the guide says of the classifier what is measured of it', async () => {
  const { classifier } = await measuring
  const rows = rowsUnder('calls ')
  expect(rows.map(([, ...counts]) => counts.map(Number))).toEqual(
    ['named', 'named, loud content', 'otherwise', 'otherwise, loud content', 'none'].map((name) => {
      const part = classifier.find(({ set }) => set === name)
      return [part?.right, part?.wrong, part?.silent]
    }),
  )
  const calls = classifier.reduce((sum, part) => sum + part.calls, 0)
  expect(guide).toContain(`${calls} calls`)
})

testOnData('data/caching/dev.jsonl.gz', 'the guide says of changed models what is measured of them', async () => {
  const { switching } = await measuring
  expect(rowsUnder('from → to').map(([pair = '', ...cells]) => [...pair.split(' → ').map(idOf), ...cells])).toEqual(
    switching.map(({ from, to, stayUsd, naive, guarded }) => [
      from,
      to,
      outcomeCell(naive, stayUsd),
      outcomeCell(guarded, stayUsd),
    ]),
  )
})
