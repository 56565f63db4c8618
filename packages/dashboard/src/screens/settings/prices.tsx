/** The price list. */

import type { ApiSettings } from '@runguard/gateway/api'
import { useSettings } from '../../api/queries.js'
import { useNow } from '../../parts/clock.js'
import { modelColumn, nameColumn } from '../../parts/columns.jsx'
import { formatMoney } from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { priceAge } from './price-age.js'

type Model = ApiSettings['prices']['models'][number]

/** Every model with what a million of its tokens costs today. */
export function Prices() {
  const query = useSettings()
  const nowMs = useNow(60_000)
  return (
    <Loaded query={query} lines={8}>
      {({ prices }) => (
        <TablePanel
          title="Prices"
          hint={`list ${prices.version}, ${priceAge(prices.asOf, nowMs)}; dollars for a million tokens`}
          caption="Prices"
          fileName="prices"
          columns={COLUMNS}
          rows={prices.models}
          rowKey={({ id }) => id}
        />
      )}
    </Loaded>
  )
}

const COLUMNS: readonly Column<Model>[] = [
  modelColumn('Model', ({ id }) => id, { isWide: true }),
  nameColumn('Also called', ({ aliases }) => aliases.join(', '), { isExtra: true }),
  priceColumn('Input', 'input'),
  { ...priceColumn('Write 5 min', 'write5m'), isDetail: true },
  { ...priceColumn('Write 1 h', 'write1h'), isDetail: true },
  priceColumn('Read', 'read'),
  priceColumn('Output', 'output'),
]

function priceColumn(title: string, item: keyof Model['pico']): Column<Model> {
  return {
    title,
    // Pico-dollars a token are micro-dollars a million tokens.
    cell: ({ pico }) => formatMoney(pico[item] * 1000),
    value: ({ pico }) => pico[item] / 1e6,
    isNumber: true,
  }
}
