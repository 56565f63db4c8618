/**
 * Whether an answer is good enough, by a rule of the configuration.
 *
 * The rule is an operator's, the text is anybody's: a pattern that is harmless on most texts may take forever on one. So
 * a judgement has so many characters and so many milliseconds; what takes longer is no good answer.
 */

import { createContext, Script } from 'node:vm'
import type { VerifyRule } from '@runguard/sdk/core'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'

/** What came of looking at an answer. */
export type Judgement = 'good' | 'bad' | 'too-long' | 'too-slow'

/** Judges the text of an answer. Never throws. */
export type Verifier = (text: string) => Judgement

/** A rule that cannot be used; the message says why. */
export class VerifierError extends Error {
  override readonly name = 'VerifierError'
}

/** About what 250,000 tokens are. */
const MAX_CHARACTERS = 1_000_000
/** For so long nothing else runs, at worst. Time of the clock: shorter, and a busy machine would fail good answers. */
const MAX_MS = 250

/** @throws VerifierError */
export function compileVerifier(rule: VerifyRule): Verifier {
  const isGood = rule.kind === 'regex' ? matcher(rule.pattern) : validator(rule.schema)
  return (text) => (text.length > MAX_CHARACTERS ? 'too-long' : judgeInTime(() => isGood(text)))
}

function matcher(pattern: string): (text: string) => boolean {
  try {
    const expression = new RegExp(pattern, 'u')
    return (text) => expression.test(text)
  } catch (error) {
    throw new VerifierError(messageOf(error))
  }
}

/** What one character again and again is not to take long with. Far shorter than answers may be. */
const PROBE_LENGTH = 2_000
const MOST_PROBES = 20

/**
 * A character that a pattern takes too long with, come again and again: proof that answers can keep the gateway busy for as
 * long as a judgement may take. Null if none was found, which proves nothing.
 */
export function findSlowCharacter(rule: VerifyRule): string | null {
  if (rule.kind !== 'regex') return null
  const verify = compileVerifier(rule)
  const characters = [...new Set(['a', '0', ' ', ...rule.pattern.replace(/[^\p{L}\p{N}\p{P}\s]/gu, '')])]
  const slow = characters
    .slice(0, MOST_PROBES)
    .find((each) => verify(`${each.repeat(PROBE_LENGTH)}\n\0`) === 'too-slow')
  return slow ?? null
}

/** The text as a whole is the JSON: whoever asked will parse it so. */
function validator(schema: object): (text: string) => boolean {
  try {
    const isDraft7 = String('$schema' in schema ? schema.$schema : '').includes('draft-07')
    const options = { strict: false, validateFormats: false, logger: false } as const
    const validate = (isDraft7 ? new Ajv(options) : new Ajv2020(options)).compile(schema)
    return (text) => validate(JSON.parse(text)) === true
  } catch (error) {
    throw new VerifierError(messageOf(error))
  }
}

const TASK = new Script('judge()')
const STAGE: { judge?: () => boolean } = {}
createContext(STAGE)

/** The engine of the language watches the clock itself, also within one match of a pattern. */
function judgeInTime(judge: () => boolean): Judgement {
  try {
    STAGE.judge = judge
    return TASK.runInContext(STAGE, { timeout: MAX_MS }) === true ? 'good' : 'bad'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? 'too-slow' : 'bad'
  }
}

/** The text of a message; null if the body is none. @param body of an answer */
export function messageText(body: Uint8Array): string | null {
  try {
    const { type, content } = JSON.parse(new TextDecoder().decode(body)) as { type?: unknown; content?: unknown }
    if (type !== 'message' || !Array.isArray(content)) return null
    return content.map((block: { type?: unknown; text?: unknown } | null) => textOf(block)).join('')
  } catch {
    return null
  }
}

function textOf(block: { readonly type?: unknown; readonly text?: unknown } | null): string {
  return block?.type === 'text' && typeof block.text === 'string' ? block.text : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
