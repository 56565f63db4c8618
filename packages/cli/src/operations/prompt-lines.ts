/** Prompts out of a file of JSON lines, one by one. */

import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import type { BatchPrompt } from '@runguard/sdk'
import { CommandError, exitCodes } from '../exit.js'
import type { Environment } from '../settings/environment.js'

/**
 * The prompts of a file, from one on. A line is a text; or an object with `user_message` or `params`, and a `custom_id`;
 * or the params themselves. What has no id has that of its line: `line-1`.
 *
 * @throws CommandError for a line that is no JSON, or a file that cannot be read
 */
export async function* promptsOf(
  { workingDirectory }: Environment,
  file: string,
  skip: number,
): AsyncGenerator<BatchPrompt> {
  const stream = createReadStream(resolve(workingDirectory, file), 'utf8')
  let [line, index] = [0, 0]
  try {
    for await (const text of linesOf(stream)) {
      line += 1
      if (text.trim() === '') continue
      index += 1
      if (index > skip) yield readLine(text, line, file)
    }
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

/** Split at the ends of lines alone: other separators may stand in a text of JSON as they are. */
async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  let isFirst = true
  for await (const piece of pieces) {
    const lines = (rest + (isFirst ? piece.replace(/^\uFEFF/, '') : piece)).split('\n')
    isFirst = false
    rest = lines.pop() ?? ''
    yield* lines
  }
  yield rest
}

function readLine(text: string, line: number, file: string): BatchPrompt {
  const value = parse(text, line, file)
  const custom_id = `line-${line}`
  if (typeof value === 'string') return { custom_id, user_message: value }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CommandError(`${file}:${line} is neither a text nor an object.`, exitCodes.config)
  }
  const isParams = 'messages' in value && !('params' in value)
  return (isParams ? { custom_id, params: value } : { custom_id, ...value }) as BatchPrompt
}

function parse(text: string, line: number, file: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(`${file}:${line} is not JSON: ${reason}`, exitCodes.config)
  }
}
