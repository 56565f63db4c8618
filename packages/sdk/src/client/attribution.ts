/** On whose account calls run, as a program says it. */

import type { Names } from '../core/config/known-options.js'

/** On whose account the calls of a session run. */
export interface SessionAttribution {
  /** Under which the calls are one session, in budgets of `session:*` and in reports. By default a new one. */
  readonly id?: string
  /** Whose calls they are, for budgets of `user:*`. */
  readonly user?: string
  /** What they are made for, for budgets of `project:*`. */
  readonly project?: string
  /** What they are, in a word, such as `summarize`: routes, and what is learned of tiers, go by it. */
  readonly task?: string
  /** Without commas. */
  readonly tags?: readonly string[]
}

/** Every name of an attribution. */
export const attributionNames = {
  id: true,
  user: true,
  project: true,
  task: true,
  tags: true,
} satisfies Names<SessionAttribution>

/** The header for tags. */
export const TAG = 'x-runguard-tag'

/** The headers that name an account. @throws TypeError for names that cannot be kept as they are */
export function attributionHeaders({ id, user, project, task, tags = [] }: SessionAttribution): Record<string, string> {
  const named = { id, user, project, task }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(named)) {
    if (value !== undefined) headers[`x-runguard-${name === 'id' ? 'session' : name}`] = checkName(name, value)
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
