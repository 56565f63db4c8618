/** What tools are known to be, so that waiting and writing are judged as what they are. */

import { asObject } from '../body/json-object.js'
import type { ToolClass } from './loop-step.js'

/** Declarations of tools by their exact name. */
export type ToolClasses = Readonly<Record<string, ToolClass>>

/** Tools of widely used agents. Whatever is declared comes first. */
const KNOWN = new Map<string, ToolClass>([
  ...classed('poll', ['BashOutput', 'TaskOutput', 'AgentOutput', 'wait', 'sleep']),
  ...classed('write', ['Edit', 'MultiEdit', 'NotebookEdit', 'Write', 'edit', 'edit_file', 'write_file', 'apply_patch']),
])

/** A command that waits somewhere: before a look, behind it, or between looks. */
const WAITS = /(?:^|[;&|(\n]|\bdo|\bthen)\s*(?:timeout\s+\S+\s+)?(?:sleep|Start-Sleep)\s+[\d$.]|--(?:watch|wait)\b/
const LONGEST_START = 1_000
/** Tools whose name says that they wait, also behind the name of a server. */
const WAITING_NAME = /(?:^|[_./-])(?:wait|sleep|poll)(?:[_./-]|$)/i

/** The class of a call; null if nobody knows. @param declared goes before what is known of the name */
export function toolClassOf(tool: string, input: unknown, declared: ToolClasses = {}): ToolClass | null {
  if (Object.hasOwn(declared, tool)) return declared[tool] ?? null
  const known = KNOWN.get(tool)
  if (known !== undefined) return known
  if (WAITING_NAME.test(tool.slice(0, LONGEST_START))) return 'poll'
  const { command } = asObject(input)
  // Nothing typed into a terminal that is at work: what comes out of it is waited for.
  return typeof command === 'string' && (command.trim() === '' || WAITS.test(command.slice(0, LONGEST_START)))
    ? 'poll'
    : null
}

function classed(toolClass: ToolClass, tools: readonly string[]): [string, ToolClass][] {
  return tools.map((tool) => [tool, toolClass])
}
