/** A session: calls on one account, and what they cost. */

import type { Headers as PlainHeaders } from '../core/budget/scope.js'
import { isPresenceWord, PRESENCE_HEADER, type PresenceWord } from '../core/cache/caching.js'
import { checkKind, checkOptions, show } from '../core/config/known-options.js'
import { callback } from '../core/config/option-kinds.js'
import { addUsd, decimalUsd, type NanoUsd, zeroUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import { tellListener } from '../engine/listener.js'
import { attributionHeaders, attributionNames, type SessionAttribution, TAG } from './attribution.js'
import { openCascade } from './cascade.js'
import type { Account, Door } from './door/door-types.js'
import { openWays } from './door/ways.js'
import type { GuardSession } from './guard-types.js'

/** @throws TypeError for names that cannot be kept as they are, and for what is no part of an account */
export function openSession(
  door: Door,
  attribution: SessionAttribution,
  onRecord: (record: CallRecord) => void,
): GuardSession {
  checkOptions('a session', attribution, attributionNames)
  checkKind('onRecord', onRecord, callback)
  const { id = door.runtime.id() } = attribution
  const headers = attributionHeaders({ ...attribution, id })
  let spent: NanoUsd = zeroUsd
  let presence: PresenceWord | null = null
  const account: Account = {
    headersFor: (own) => ({ ...mergeTags(headers, own), ...presenceHeader(presence, own) }),
    onEnd: (record) => {
      spent = addUsd(spent, record.cost.nano)
      tellListener(door.runtime, () => onRecord(record))
    },
  }
  return {
    id,
    get spentUsd() {
      return Number(decimalUsd(spent))
    },
    presence(word) {
      if (word !== null && !isPresenceWord(word)) {
        throw new TypeError(`presence is 'waiting', 'done', 'closed' or null, not ${show(word)}`)
      }
      presence = word
      if (word === 'closed') door.engine.tell((engine) => engine.leave(id))
    },
    ...openWays(door, account),
    cascade: (tiers, verify, options = {}) => openCascade(door, account, { tiers, verify, options }),
  }
}

/** What a request says of itself goes before what was said of its session. */
function presenceHeader(presence: PresenceWord | null, own: PlainHeaders): Record<string, string> {
  const word = own[PRESENCE_HEADER] ?? presence
  return word === null ? {} : { [PRESENCE_HEADER]: word }
}

/** A request may say more of itself: a task of its own, and tags beside those of the session. */
function mergeTags(session: Readonly<Record<string, string>>, own: PlainHeaders): Record<string, string> {
  const merged = { ...session }
  const tags = [session[TAG], own[TAG]].filter((each) => each !== undefined)
  if (tags.length > 0) merged[TAG] = tags.join(',')
  const task = own['x-runguard-task']
  if (task !== undefined) merged['x-runguard-task'] = task
  return merged
}
