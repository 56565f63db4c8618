/** Who wrote a user message: a person, or the program that runs the agent. */

import type { BlockView } from './call.js'
import { isResult, textOf } from './steps-block.js'

/** Blocks that a program puts beside what a person wrote. Text wholly inside of them is nobody's message. */
const HARNESS_TAGS = ['system-reminder', 'task-notification', 'environment_details']

/** How texts begin that a program sends in a person's place. */
const HARNESS_WORDS = [
  // An agent that is not done goes on because a hook says so, not because somebody asked.
  'Stop hook feedback:',
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
 * their own behind every result: text there is a person's only if there was none behind the results before.
 *
 * @param previous the user message before it, if there is one
 */
export function isFromPerson(message: MessageBlocks, previous: () => MessageBlocks | null): boolean {
  if (!hasWords(message)) return false
  if (!message.some(isResult)) return true
  const before = previous()
  return before === null || !before.some(isResult) || !hasWords(before)
}

/** Images and documents on their own are a message as well. */
function hasWords(message: MessageBlocks): boolean {
  return message.some((block) => !isResult(block) && (block.kind !== 'text' || !isHarnessText(textOf(block))))
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
