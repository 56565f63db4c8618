/** The environment in which Claude Code, the Agent SDK and the official clients run through a RunGuard gateway. */

import { checkOptions, hasFields, type Names } from '../core/config/known-options.js'
import { anyText, texts } from '../core/config/option-kinds.js'

/** Which gateway, and on whose account. */
export interface GatewayPlace {
  /** Where the gateway listens: `http://localhost:4141`. */
  readonly url: string
  /** Under which the calls are one session; by default what the client itself says. */
  readonly session?: string
  /** What they are made for, for budgets of `project:*`. */
  readonly project?: string
  /** Whose calls they are, for budgets of `user:*`. */
  readonly user?: string
  /** What they are, in a word, such as `summarize`. */
  readonly task?: string
  /** Without commas. */
  readonly tags?: readonly string[]
  /**
   * What the rest of the environment is, such as `process.env`: the Agent SDK's `env` replaces the whole environment. Of
   * headers that are set there already, those that say the same give way.
   */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/**
 * The environment for a client that shall go through the gateway: the address, the account as headers of every request,
 * and the switch that makes Claude Code tell prompts and subagents apart.
 *
 * @throws RangeError for an address that is none, and for names that no header can carry; TypeError for options that it does
 * not know or cannot use
 */
export function gatewayEnvironment(place: GatewayPlace): Record<string, string> {
  checkOptions('gatewayEnvironment', place, placeNames)
  const { url, environment = {}, tags = [], session, project, user, task } = place
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new RangeError(`not the address of a gateway: ${url}`)
  const named = { session, project, user, task, tag: tags.length === 0 ? undefined : tags.map(checkTag).join(',') }
  const headers = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [`x-runguard-${name}: ${checkText(name, value)}`],
  )
  const all = [...otherHeaders(environment.ANTHROPIC_CUSTOM_HEADERS, headers), ...headers]
  return {
    ...definedOnly(environment),
    // The clients add /v1 themselves.
    ANTHROPIC_BASE_URL: url.replace(/\/+$/, '').replace(/\/v1$/, ''),
    CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1',
    ...(all.length > 0 && { ANTHROPIC_CUSTOM_HEADERS: all.join('\n') }),
  }
}

const placeNames = {
  url: anyText,
  session: anyText,
  project: anyText,
  user: anyText,
  task: anyText,
  tags: texts,
  environment: { words: 'an object of texts, such as process.env', fits: isEnvironment },
} satisfies Names<GatewayPlace>

function isEnvironment(value: unknown): boolean {
  return hasFields(value) && Object.values(value).every((each) => each === undefined || typeof each === 'string')
}

function otherHeaders(written: string | undefined, ours: readonly string[]): readonly string[] {
  const isOurs = (line: string): boolean => ours.some((header) => nameOf(header) === nameOf(line))
  return (written ?? '').split('\n').filter((line) => line.trim() !== '' && !isOurs(line))
}

function nameOf(header: string): string {
  return (header.split(':', 1)[0] ?? '').trim().toLowerCase()
}

/** One line of plain characters: anything else would end the header, or begin another. */
function checkText(name: string, value: string): string {
  if (/^[!-~](?:[ -~]{0,1998}[!-~])?$/.test(value)) return value
  throw new RangeError(`the ${name} is sent as a header: it has to be plain characters, without spaces around it`)
}

function checkTag(tag: string): string {
  if (!tag.includes(',')) return checkText('tag', tag)
  throw new RangeError(`a tag has no commas: ${tag}`)
}

function definedOnly(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(kept)
}
