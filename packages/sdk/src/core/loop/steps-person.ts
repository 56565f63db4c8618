/** Who wrote a user message: a person, or the program that runs the agent. */

import type { BlockView } from '../body/call.js'
import { hashText } from './loop-hash.js'
import { resultKeys } from './loop-result.js'
import { isResult, textOf } from './steps-block.js'

/** Blocks that a program puts beside what a person wrote. Text wholly inside of them is nobody's message. */
const HARNESS_TAGS = ['system-reminder', 'task-notification', 'environment_details']
/** The one of them that says that something has happened. */
const NEWS = '<task-notification>'

/** How texts begin that a program sends in a person's place. */
const HARNESS_WORDS = [
  // An agent that is not done goes on because a hook says so, not because somebody asked.
  'Stop hook feedback:\n',
  '[Request interrupted by user',
  // What asks for a summary, and what stands for the conversation after it: the run goes on.
  'CRITICAL: Respond with TEXT ONLY',
  'Your task is to create a detailed summary of the conversation',
  'This session is being continued from a previous conversation',
]

/** Inside a reminder, and all the same a person's: typed while the agent was at work. */
const PERSONS_WORDS = 'The user sent a new message while you were working:'

/** The blocks of one message. */
export type MessageBlocks = readonly BlockView[]

/**
 * Whether a person wrote in this user message.
 *
 * Clients put what a person writes after a refused call behind the results that call was made with. Others put words of
 * their own behind every result, or every other: text there is a person's only if what stands behind the results before
 * does not begin like it.
 *
 * @param previous the one or two user messages before it, as far as there are any
 */
export function isFromPerson(
  message: MessageBlocks,
  body: Uint8Array,
  previous: () => readonly MessageBlocks[],
): boolean {
  if (!hasWords(message, body)) return false
  if (!message.some(isResult)) return true
  const words = wordsOf(message, body)
  return !previous().some((before) => before.some(isResult) && beginsLike(words, wordsOf(before, body)))
}

/** What a program puts behind every result begins alike, whatever it counts. People seldom say the same twice. */
const BEGINNING = 8

function beginsLike(words: string, before: string): boolean {
  return words !== '' && resultKeys(words.slice(0, BEGINNING)).norm === resultKeys(before.slice(0, BEGINNING)).norm
}

function wordsOf(message: MessageBlocks, body: Uint8Array): string {
  const texts = message.filter((block) => block.kind === 'text' && !isHarnessText(textOf(block, body)))
  return texts.map((block) => textOf(block, body)).join('\n')
}

/**
 * A hash of what a program tells an agent in a message of its own, because something has happened that it waits for; null
 * if the message is another one. Beside results it may be no more than an echo of what the agent just did.
 */
export function newsOf(message: MessageBlocks, body: Uint8Array): string | null {
  if (message.some(isResult)) return null
  const texts = message.filter(({ kind }) => kind === 'text').map((block) => textOf(block, body))
  return texts.some((text) => text.includes(NEWS)) ? hashText(texts.join('\n')) : null
}

/** Images and documents on their own are a message as well. */
function hasWords(message: MessageBlocks, body: Uint8Array): boolean {
  return message.some((block) => !isResult(block) && (block.kind !== 'text' || !isHarnessText(textOf(block, body))))
}

/** Whether a text of a user message is the program's and not a person's. */
export function isHarnessText(text: string): boolean {
  let at = skipSpace(text, 0)
  for (let end = endOfTag(text, at); end !== null; end = endOfTag(text, at)) {
    if (text.slice(at, end).includes(PERSONS_WORDS)) return false
    at = skipSpace(text, end)
  }
  return at === text.length || HARNESS_WORDS.some((words) => text.startsWith(words, at))
}

/** Behind the tag that opens at `at`; null if none of the known ones does, or it is not closed. */
function endOfTag(text: string, at: number): number | null {
  const tag = HARNESS_TAGS.find((name) => text.startsWith(`<${name}>`, at))
  if (tag === undefined) return null
  const close = `</${tag}>`
  const start = text.indexOf(close, at)
  return start < 0 ? null : start + close.length
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charAt(at).trim() === '') at++
  return at
}
