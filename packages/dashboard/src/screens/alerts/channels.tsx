/** The channels of alerts. They are set up in the configuration; here they are tried. */

import type { ApiChannels } from '@runguard/gateway/api'
import { Send } from 'lucide-react'
import { useChange } from '../../api/changes.js'
import { messageOf } from '../../api/client.js'
import { useChannels } from '../../api/queries.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Badge } from '../../parts/badge.jsx'
import { Button } from '../../parts/button.jsx'
import { useNow } from '../../parts/clock.js'
import { formatAge } from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Panel } from '../../parts/panel.jsx'

type Channel = ApiChannels['items'][number]

const KINDS: Readonly<Record<string, string>> = {
  slack: 'Slack',
  pagerduty: 'PagerDuty',
  webhook: 'Webhook',
  email: 'E-mail',
}

/** All channels, each with a button that sends a test. */
export function Channels() {
  const query = useChannels()
  return (
    <Panel title="Channels" hint="set up under alerts: in runguard.yaml">
      <Loaded query={query} lines={2}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState
              title="No channels"
              text="Alerts are shown here and in the terminal only. Slack, PagerDuty, webhooks and e-mail are set up in the configuration."
              command="runguard init"
            />
          ) : (
            <ul className="grid gap-3 md:grid-cols-2 xl:grid-cols-3">
              {items.map((channel) => (
                <ChannelCard key={channel.name} channel={channel} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}

function ChannelCard({ channel }: { channel: Channel }) {
  const reason = useReasonAgainst('operator')
  const test = useChange(
    (name: string) => ({ method: 'POST', path: `alerts/channels/${encodeURIComponent(name)}/test` }),
    ['alerts'],
  )
  return (
    <li className="rounded-md border border-line p-3">
      <div className="flex items-center gap-2">
        <bdi className="min-w-0 truncate text-sm font-medium">{channel.name}</bdi>
        <Badge>{KINDS[channel.kind] ?? channel.kind}</Badge>
        <Button
          isSmall
          className="ml-auto"
          aria-label={`Test ${channel.name}`}
          reasonAgainst={reason}
          isBusy={test.isPending}
          onClick={() => test.mutate(channel.name)}
        >
          <Send size={12} aria-hidden />
          Test
        </Button>
      </div>
      <p className="mt-1 truncate text-xs text-ink-3" title={channel.place}>
        {channel.place}
      </p>
      <LastMessage last={channel.last} />
      <p role="status" className="text-xs text-ink-2">
        {test.isSuccess ? 'A test is on its way.' : ''}
        {test.error ? <span className="text-bad">{messageOf(test.error)}</span> : null}
      </p>
    </li>
  )
}

function LastMessage({ last }: { last: Channel['last'] }) {
  const nowMs = useNow()
  if (last === null) return <p className="mt-1 text-xs text-ink-3">Nothing was sent yet.</p>
  return (
    <>
      <p className="mt-1 text-xs text-ink-2">
        {last.status} {formatAge(last.endedAt ?? last.createdAt, nowMs)}
        {last.status === 'waiting' && last.dueAt !== null ? `, tried again ${formatAge(last.dueAt, nowMs)}` : ''}
      </p>
      {last.lastError ? <p className="mt-1 text-xs break-words text-bad">{last.lastError}</p> : null}
    </>
  )
}
