/** The price list for people and for programs. */

import type { DatedPrice, PriceBook, PriceCard, PricedModel } from '@runguard/sdk/core'
import { findPrice } from '@runguard/sdk/core'
import type { Colors } from '../terminal.js'
import { formatDay, perMillion, wholeCount } from './format.js'
import { type Column, renderTable } from './table.js'

const cardItems = ['input', 'write5m', 'write1h', 'read', 'output'] as const
const cardColumns: readonly Column[] = ['input', 'write 5m', 'write 1h', 'cache read', 'output'].map((title) => ({
  title,
  align: 'right',
}))

/** The models of a book with the price in force at that time; those without a published price say so. */
export function priceTable(book: PriceBook, atMs: number, colors: Colors): string {
  const rows = book.models.map((model) => {
    const price = findPrice(book, model.id, atMs)
    const cells = price === null ? cardItems.map(() => '-') : cardCells(price.base)
    return [model.id, ...cells, price === null ? 'no published price' : remarks(model, price, atMs)]
  })
  const columns: Column[] = [{ title: 'model', align: 'left' }, ...cardColumns, { title: '', align: 'left' }]
  const table = renderTable({ columns, rows }, { title: colors.dim, total: String })
  return `${table}\n${colors.dim(`Dollars per million tokens on ${formatDay(atMs)}. Price list ${book.version}.`)}`
}

/** Everything that is known of one model's prices, the oldest first. */
export function modelPrices(model: PricedModel, colors: Colors): string {
  const rows = model.prices.flatMap(({ fromMs, base, long, fast }) => [
    [formatDay(fromMs), 'base', ...cardCells(base)],
    ...(long === null ? [] : [['', `prompt over ${wholeCount(long.abovePromptTokens)}`, ...cardCells(long.card)]]),
    ...(fast === null ? [] : [['', 'fast', ...cardCells(fast)]]),
  ])
  const columns: Column[] = [{ title: 'from', align: 'left' }, { title: 'card', align: 'left' }, ...cardColumns]
  const table = model.prices.length === 0 ? 'It has no published price.' : renderTable({ columns, rows })
  return [colors.bold(model.id), table, ...modelFacts(model).map(colors.dim)].join('\n')
}

/** The same for a program: dollars per million tokens as exact decimals. */
export function modelJson(model: PricedModel, prices: readonly DatedPrice[]) {
  return {
    model: model.id,
    aliases: model.aliases,
    released: dayOrNull(model.releasedMs),
    deprecated: dayOrNull(model.deprecatedMs),
    retires: dayOrNull(model.retiresMs),
    usGeoPercent: model.geoPercent,
    prices: prices.map(({ fromMs, base, long, fast, batchPercent }) => ({
      from: formatDay(fromMs),
      base: cardJson(base),
      long: long === null ? null : { abovePromptTokens: long.abovePromptTokens, ...cardJson(long.card) },
      fast: fast === null ? null : cardJson(fast),
      batchPercent,
    })),
  }
}

/** The models that one could have called at that time or before it. */
export function releasedModels(book: PriceBook, atMs: number): readonly PricedModel[] {
  return book.models.filter(({ releasedMs }) => releasedMs === null || releasedMs <= atMs)
}

function remarks(model: PricedModel, { base, long, fast }: DatedPrice, atMs: number): string {
  const remarks = [
    long === null ? '' : `dearer over ${wholeCount(long.abovePromptTokens)} tokens`,
    fast === null ? '' : `fast × ${fast.input / base.input}`,
    retirement(model, atMs),
  ]
  return remarks.filter((remark) => remark !== '').join(', ')
}

function retirement({ retiresMs, deprecatedMs }: PricedModel, atMs: number): string {
  if (retiresMs !== null) return `${retiresMs <= atMs ? 'retired' : 'retires'} ${formatDay(retiresMs)}`
  return deprecatedMs === null || deprecatedMs > atMs ? '' : 'deprecated'
}

function modelFacts({ aliases, releasedMs, deprecatedMs, retiresMs, geoPercent, prices }: PricedModel): string[] {
  const days = Object.entries({ released: releasedMs, deprecated: deprecatedMs, retires: retiresMs })
  const known = days.flatMap(([name, atMs]) => (atMs === null ? [] : [`${name} ${formatDay(atMs)}`]))
  const batch = prices.at(-1)?.batchPercent
  return [
    'Dollars per million tokens.',
    batch === undefined ? '' : `In batches ${batch} %; with inference_geo us ${geoPercent} %.`,
    aliases.length === 0 ? '' : `Also called ${aliases.join(', ')}.`,
    known.length === 0 ? '' : `${known.join(', ')}.`,
  ].filter((fact) => fact !== '')
}

function cardCells(card: PriceCard): string[] {
  return cardItems.map((item) => perMillion(card[item]))
}

function cardJson(card: PriceCard): Record<(typeof cardItems)[number], string> {
  const { input, write5m, write1h, read, output } = card
  return {
    input: perMillion(input),
    write5m: perMillion(write5m),
    write1h: perMillion(write1h),
    read: perMillion(read),
    output: perMillion(output),
  }
}

function dayOrNull(atMs: number | null): string | null {
  return atMs === null ? null : formatDay(atMs)
}
