/** The transcripts that a command is to read. */

import { CommandError } from '../exit.js'
import { findTranscripts, type TranscriptFile } from '../transcripts/transcript-files.js'

/** All of some folders or files, the oldest first. Throws {@link CommandError} if there are none. */
export function requireTranscripts(roots: readonly string[]): TranscriptFile[] {
  const files = find(roots)
  if (files.length > 0) return files
  throw new CommandError(
    `No transcripts in ${roots.join(', ')}. Say where they are with --path, or set CLAUDE_CONFIG_DIR as for Claude Code.`,
  )
}

function find(roots: readonly string[]): TranscriptFile[] {
  try {
    return findTranscripts(roots)
  } catch (error) {
    throw new CommandError(`Cannot look for transcripts: ${(error as Error).message}.`)
  }
}
