/** A session: calls on one account, and what they cost. */

import { isPresenceWord, PRESENCE_HEADER, type PresenceWord } from '../core/cache/caching.js'
import { addUsd, decimalUsd, type NanoUsd, zeroUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import { openCascade } from './cascade.js'
import type { Account, Door } from './door/door-types.js'
import { checkOptions, type Names } from './door/known-options.js'
import { openWays } from './door/ways.js'
import type { GuardSession, SessionAttribution } from './guard-types.js'

/** @throws TypeError for names that cannot be kept as they are, and for what is no part of an account */
export function openSession(
  door: Door,
  attribution: SessionAttribution,
  onRecord: (record: CallRecord) => void,
): GuardSession {
  checkOptions('a session', attribution, attributionNames)
  const id = attribution.id ?? door.runtime.id()
  const headers = attributionHeaders({ ...attribution, id })
  let spent: NanoUsd = zeroUsd
  let presence: PresenceWord | null = null
  const account: Account = {
    headersFor: (own) => ({ ...mergeTags(headers, own), ...presenceHeader(presence, own) }),
    onEnd: (record) => {
      spent = addUsd(spent, record.cost.nano)
      tell(door, () => onRecord(record))
    },
  }
  return {
    id,
    get spentUsd() {
      return Number(decimalUsd(spent))
    },
    presence(word) {
      if (word !== null && !isPresenceWord(word)) {
        throw new TypeError(`presence is 'waiting', 'done', 'closed' or null, not ${JSON.stringify(word)}`)
      }
      presence = word
      if (word === 'closed') door.engine.leave(id)
    },
    ...openWays(door, account),
    cascade: (tiers, verify, options = {}) => openCascade(door, account, { tiers, verify, options }),
  }
}

/** A listener that fails must not fail the call: it is paid. */
function tell({ runtime }: Door, listener: () => void): void {
  try {
    listener()
  } catch (error) {
    runtime.log.error('listener-failed', { error: String(error) })
  }
}

const attributionNames = {
  id: true,
  user: true,
  project: true,
  task: true,
  tags: true,
} satisfies Names<SessionAttribution>

const TAG = 'x-runguard-tag'

/** The headers that name an account. @throws TypeError for names that cannot be kept as they are */
export function attributionHeaders({ id, user, project, task, tags = [] }: SessionAttribution): Record<string, string> {
  const named = { session: id, user, project, task }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(named)) {
    if (value !== undefined) headers[`x-runguard-${name}`] = checkName(name, value)
  }
  if (!Array.isArray(tags)) throw new TypeError('the tags of a session are a list of texts')
  for (const tag of tags) if (checkName('tag', tag).includes(',')) throw new TypeError(`a tag has no commas: ${tag}`)
  if (tags.length > 0) headers[TAG] = tags.join(',')
  return headers
}

const MAX_NAME_LENGTH = 200

/** What could only be kept shortened or cleaned would be another name in every report. */
function checkName(what: string, name: unknown): string {
  const isPlain = typeof name === 'string' && name.trim() === name && !/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(name)
  if (isPlain && name !== '' && name.length <= MAX_NAME_LENGTH) return name
  throw new TypeError(
    `the ${what} of a session is a text of 1 to ${MAX_NAME_LENGTH} characters without control characters and outer spaces`,
  )
}

/** What a request says of itself goes before what was said of its session. */
function presenceHeader(presence: PresenceWord | null, own: Headers): Record<string, string> {
  const word = own.get(PRESENCE_HEADER) ?? presence
  return word === null ? {} : { [PRESENCE_HEADER]: word }
}

/** A request may say more of itself: a task of its own, and tags beside those of the session. */
function mergeTags(session: Readonly<Record<string, string>>, own: Headers): Record<string, string> {
  const merged = { ...session }
  const tags = [session[TAG], own.get(TAG)].filter((each) => each !== undefined && each !== null)
  if (tags.length > 0) merged[TAG] = tags.join(',')
  const task = own.get('x-runguard-task')
  if (task !== null) merged['x-runguard-task'] = task
  return merged
}
