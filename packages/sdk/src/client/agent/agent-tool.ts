/** Tools of an agent: what the model is told of them, and running one. */

import type { ToolResultBlockParam, ToolUnion, ToolUseBlock } from '@anthropic-ai/sdk/resources/messages'
import { asObject } from '../../core/body/json-object.js'
import type { Runtime } from '../../engine/runtime.js'

/** What a tool gets besides its input. */
export interface ToolContext {
  /** The call, as the model made it. */
  readonly toolUse: ToolUseBlock
  /** The same, by the name that tools of the official client's older helpers know. */
  readonly toolUseBlock: ToolUseBlock
  /** Aborted when the run is, and when the tool has used up its time. */
  readonly signal: AbortSignal
}

/**
 * A tool that the program runs: its definition as the API takes it, and what it does. Tools made with the official
 * client's `betaTool` or `betaZodTool` are such tools.
 */
export interface RunnableTool {
  readonly name: string
  readonly type?: string | null | undefined
  readonly description?: string | undefined
  readonly input_schema?: object | undefined
  readonly strict?: boolean | undefined
  readonly cache_control?: object | null | undefined
  readonly defer_loading?: boolean | undefined
  readonly allowed_callers?: readonly string[] | undefined
  readonly eager_input_streaming?: boolean | null | undefined
  readonly input_examples?: readonly object[] | undefined
  /** Answers a text, content blocks, or anything that JSON can hold. Whatever it throws is told to the model as an error. */
  run(input: never, context: ToolContext): unknown
  /** Checks the model's input and answers what `run` gets. If it throws, the model is told why and `run` is not called. */
  parse?(input: unknown): unknown
}

/** A tool that the program runs, or one that it only tells the model of because the API runs it. */
export type AgentTool = RunnableTool | ToolUnion

/** What limits a tool. */
export interface ToolLimits {
  readonly signal: AbortSignal
  /** Null: as long as it takes. */
  readonly timeoutMs: number | null
  readonly runtime: Pick<Runtime, 'sleep'>
}

/** A definition as it is sent: the tool without its functions. */
export function toolDefinition(tool: AgentTool): ToolUnion {
  const fields = Object.entries(tool).filter(([, value]) => typeof value !== 'function')
  return Object.fromEntries(fields) as object as ToolUnion
}

/**
 * Runs the tool that the model called. Never rejects: an unknown tool, an input it cannot take, a tool that throws, takes
 * too long or is aborted are errors that the model is told. A tool that does not heed its signal is left to itself.
 */
export async function runTool(
  tools: readonly AgentTool[],
  call: ToolUseBlock,
  limits: ToolLimits,
): Promise<ToolResultBlockParam> {
  const runnable = tools.filter(isRunnable)
  const tool = runnable.find(({ name }) => name === call.name)
  if (tool === undefined) return failedResult(call, unknownTool(runnable, call.name))
  try {
    // The tool may do with it as it likes; the conversation keeps what the model said.
    const toolUse = structuredClone(call)
    const input = tool.parse === undefined ? toolUse.input : tool.parse(toolUse.input)
    const output = await withinLimits(limits, (signal) =>
      tool.run(input as never, { toolUse, toolUseBlock: toolUse, signal }),
    )
    return resultOf(call, contentOf(output))
  } catch (error) {
    return { ...resultOf(call, errorContent(error)), is_error: true }
  }
}

function isRunnable(tool: AgentTool): tool is RunnableTool {
  return 'run' in tool && typeof tool.run === 'function'
}

/** The result of a call that failed, or was not made. */
export function failedResult(call: Pick<ToolUseBlock, 'id'>, why: string): ToolResultBlockParam {
  return { ...resultOf(call, why), is_error: true }
}

function resultOf(call: Pick<ToolUseBlock, 'id' | 'toolset_name'>, content: ToolContent): ToolResultBlockParam {
  const { id, toolset_name } = call
  return {
    type: 'tool_result',
    tool_use_id: id,
    ...(typeof toolset_name === 'string' && { toolset_name }),
    ...(content !== undefined && { content }),
  }
}

type ToolContent = ToolResultBlockParam['content']

/** What the API takes inside of a result. Rows of a table have a `type` too. */
const BLOCKS = new Set<unknown>(['text', 'image', 'document', 'search_result', 'tool_reference'])

function contentOf(output: unknown): ToolContent {
  if (output === undefined || typeof output === 'string') return output
  const isContent =
    Array.isArray(output) && output.length > 0 && output.every((each) => BLOCKS.has(asObject(each).type))
  if (isContent) return output
  return JSON.stringify(output) ?? String(output)
}

/** An error may bring content of its own, as the official client's `ToolError` does. */
function errorContent(error: unknown): ToolContent {
  try {
    const { content } = asObject(error)
    if (typeof content === 'string' || Array.isArray(content)) return contentOf(content)
    return `Error: ${error instanceof Error ? error.message : String(error)}`
  } catch {
    // Anything can be thrown, also what no text can be made of.
    return 'Error: the tool failed.'
  }
}

function unknownTool(tools: readonly RunnableTool[], name: string): string {
  const list =
    tools.length === 0 ? 'There are no tools to call.' : `The tools are ${tools.map((tool) => tool.name).join(', ')}.`
  return `Error: there is no tool ${JSON.stringify(name)} here. ${list}`
}

/** Settles when the work does, or rejects as soon as its time is up or the run is aborted. */
async function withinLimits(limits: ToolLimits, work: (signal: AbortSignal) => unknown): Promise<unknown> {
  const { signal: outer, timeoutMs, runtime } = limits
  if (outer.aborted) throw new Error(ABORTED)
  const own = new AbortController()
  const settled = new AbortController()
  const isStopped = new Promise<never>((_, reject) => {
    own.signal.addEventListener('abort', () => reject(own.signal.reason), { once: true })
  })
  const stop = (): void => own.abort(new Error(ABORTED))
  outer.addEventListener('abort', stop, { once: true })
  if (timeoutMs !== null) {
    const late = (): void => own.abort(new Error(`the tool did not answer within ${timeoutMs} ms`))
    void runtime.sleep(timeoutMs, settled.signal).then(() => {
      if (!settled.signal.aborted) late()
    })
  }
  try {
    return await Promise.race([isStopped, work(own.signal)])
  } finally {
    outer.removeEventListener('abort', stop)
    settled.abort()
  }
}

const ABORTED = 'the run was aborted'
