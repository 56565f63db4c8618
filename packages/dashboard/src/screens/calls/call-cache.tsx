/** The prompt cache of a call. */

import type { ApiCallDetail, Tokens } from '@runguard/gateway/api'
import { Link } from 'wouter'
import { formatCount, readable } from '../../parts/format.js'
import { missWords } from '../../parts/miss-words.js'
import { Money, Saving } from '../../parts/money.jsx'
import { Facts, Panel } from '../../parts/panel.jsx'
import { callHref } from '../../parts/url-state.js'

/** What was read and written, what was expected, and why something was missed. */
export function CacheOfCall({ call }: { call: ApiCallDetail }) {
  const { cache, tokens } = call
  if (cache === null) {
    return (
      <Panel title="Prompt cache">
        <p className="text-sm text-ink-3">Nobody looked at the cache of this call.</p>
      </Panel>
    )
  }
  return (
    <Panel title="Prompt cache" hint={cache.mode === 'explain' ? 'explained only, nothing changed' : undefined}>
      <Miss cache={cache} />
      <TokenTable cache={cache} tokens={tokens} />
      <Facts
        rows={[
          ['As expected', EXPECTED.get(cache.isAsExpected)],
          ['Saved', <Saving key="saved" nano={cache.savedNano} />],
          ['Of that by RunGuard', <Saving key="added" nano={cache.addedNano} />],
          [
            'Markers',
            `${cache.ownMarkers} of the client, ${cache.marks.length} ${cache.mode === 'fill' ? 'added' : 'proposed'}`,
          ],
          ...cache.marks.map(
            (mark) =>
              [
                `Block ${mark.block}`,
                `${mark.ttl}, ${readable(mark.reason)}, ${formatCount(Math.round(mark.tokens))} tokens`,
              ] as const,
          ),
        ]}
      />
    </Panel>
  )
}

type CallCache = NonNullable<ApiCallDetail['cache']>

function TokenTable({ cache, tokens }: { cache: CallCache; tokens: Tokens }) {
  return (
    <table className="mb-3 w-full text-sm">
      <caption className="sr-only">Tokens of the prompt</caption>
      <thead className="text-xs text-ink-3">
        <tr>
          <th scope="col" className="py-1 text-left font-medium">
            Tokens
          </th>
          <th scope="col" className="text-right font-medium">
            expected
          </th>
          <th scope="col" className="text-right font-medium">
            billed
          </th>
        </tr>
      </thead>
      <tbody className="tabular-nums">
        {(['read', 'write5m', 'write1h', 'input'] as const).map((name) => (
          <tr key={name} className="border-t border-line">
            <th scope="row" className="py-1 text-left font-normal">
              {NAMES[name]}
            </th>
            <td className="text-right text-ink-2">{formatCount(Math.round(cache.expected[name]))}</td>
            <td className="text-right">{formatCount(tokens[name])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const EXPECTED = new Map([
  [null, 'nothing to compare'],
  [true, 'yes'],
  [false, 'no'],
])

const NAMES = {
  read: 'read',
  write5m: 'written for 5 minutes',
  write1h: 'written for 1 hour',
  input: 'not cached',
} as const

function Miss({ cache: { miss, diagnosis } }: { cache: CallCache }) {
  if (miss === null) return null
  return (
    <div className="mb-3 rounded-md bg-warn-soft px-3 py-2 text-sm text-warn">
      <p className="font-medium">Missed: {missWords(miss.cause)}</p>
      <p>
        {formatCount(miss.lostTokens)} tokens were paid again, <Money nano={miss.lostNano} isEstimated /> more than
        reading them.{' '}
        <Link href={callHref(miss.before)} className="underline">
          The call that had sent them
        </Link>
        {diagnosis === null ? '' : `. The API says: ${readable(diagnosis.type)}`}
      </p>
    </div>
  )
}
