/** Settings: keys, users, prices, the rules in force, and how the gateway is set up. */

import { useSettings } from '../../api/queries.js'
import { Choice } from '../../parts/field.jsx'
import { formatFull } from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { Facts, Panel, ScreenHead } from '../../parts/panel.jsx'
import { useUrlState } from '../../parts/url-state.js'
import { Keys } from './keys.jsx'
import { Prices } from './prices.jsx'
import { Rules } from './rules.jsx'
import { Users } from './users.jsx'

const TABS = [
  ['keys', 'Keys'],
  ['users', 'Users'],
  ['prices', 'Prices'],
  ['rules', 'Rules'],
  ['gateway', 'Gateway'],
] as const

/** The screen of the settings. */
export function Settings() {
  const [values, change] = useUrlState()
  const tab = TABS.find(([name]) => name === values.tab)?.[0] ?? 'keys'
  return (
    <>
      <ScreenHead title="Settings">
        <Choice label="Part" value={tab} options={TABS} onChange={(value) => change({ tab: value }, true)} />
      </ScreenHead>
      {tab === 'keys' ? <Keys /> : null}
      {tab === 'users' ? <Users /> : null}
      {tab === 'prices' ? <Prices /> : null}
      {tab === 'rules' ? <Rules /> : null}
      {tab === 'gateway' ? <Gateway /> : null}
    </>
  )
}

function Gateway() {
  const query = useSettings()
  return (
    <Loaded query={query} lines={8}>
      {(settings) => (
        <Panel title="Gateway">
          <Facts
            rows={[
              ['Version', settings.version],
              ['Running since', formatFull(settings.startedAt)],
              ['Address', settings.url],
              ['Upstream', settings.upstream],
              ['Store', settings.store],
              ['Configuration', settings.configPath ?? 'no file'],
              ['Sign-in', settings.access.requiresSignIn ? 'needed' : 'not needed on this machine'],
              ['Keys', settings.access.requiresKeys ? 'every call needs one' : 'calls may come without one'],
              ['Identity provider', settings.access.oidcIssuer ?? 'none'],
            ]}
          />
        </Panel>
      )}
    </Loaded>
  )
}
