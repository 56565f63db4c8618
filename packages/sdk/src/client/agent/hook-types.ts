/** Hooks of the Claude Agent SDK, as far as they are needed: its package is never imported. */

/** What a hook is told. Which fields are there depends on the event. */
export interface HookInput {
  readonly hook_event_name: string
  readonly session_id: string
  /** Of a subagent; absent in the main thread. */
  readonly agent_id?: string
  readonly tool_name?: string
  readonly tool_input?: unknown
  readonly tool_response?: unknown
  readonly error?: unknown
  /** Of a prompt: who wrote it. */
  readonly source?: unknown
}

/** What a hook answers. An empty one lets things go their way. */
export interface HookOutput {
  /** False: the agent stops. */
  continue?: boolean
  /** What the person reads when it does. */
  stopReason?: string
  hookSpecificOutput?:
    | { hookEventName: 'PreToolUse'; permissionDecision: 'deny'; permissionDecisionReason: string }
    | { hookEventName: 'PostToolUse'; additionalContext: string }
    | { hookEventName: 'PostToolUseFailure'; additionalContext: string }
}

/** A hook. */
export type Hook = (input: HookInput) => Promise<HookOutput>

/** Hooks of one event. */
export interface HookMatcher {
  hooks: Hook[]
}

/** For the option `hooks` of `query`. */
export interface GuardHooks {
  PreToolUse: HookMatcher[]
  PostToolUse: HookMatcher[]
  PostToolUseFailure: HookMatcher[]
  PostToolBatch: HookMatcher[]
  UserPromptSubmit: HookMatcher[]
  Stop: HookMatcher[]
  SubagentStop: HookMatcher[]
}
