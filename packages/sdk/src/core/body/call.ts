/**
 * A Call: one request to the model, as the decisions see it.
 *
 * Decisions never touch the body. They see a {@link CallView}: a handful of parameters and the content blocks with
 * their byte ranges. The reader behind it is a byte scanner (`scan.ts`), because on large bodies `JSON.parse` would
 * cost more than everything else together.
 */

/** Where a block stands in the prompt. The API renders a prompt in this order: tools, system, messages. */
export type BlockPart = 'tools' | 'system' | 'messages'

/** The lifetime a `cache_control` marker asks for. */
export type CacheTtl = '5m' | '1h'

/**
 * One block of the prompt: a tool definition, a system block, or a content block of a message. It says where the block
 * stands and does not hold it: the same one may be a part of many requests that begin alike.
 */
export interface BlockView {
  readonly part: BlockPart
  /** The block's `type` as sent (`text`, `image`, `tool_use`, …). A bare string is `text`, a typeless tool is `custom`. */
  readonly kind: string
  /** The role of its message; null outside `messages`. */
  readonly role: string | null
  /** Index of its message in `messages`; -1 outside. */
  readonly message: number
  /** First byte of the block's JSON value in the body. */
  readonly start: number
  /** One past its last byte. */
  readonly end: number
  /** The block's own `cache_control`, if it carries one. */
  readonly marker: CacheTtl | null
  /** True if its content and its source are texts, if it has them: no other block stands inside. Absent: nobody looked. */
  readonly isFlat?: boolean
  /** Parses this slice of its body alone. Throws `MalformedBodyError` if the slice is not JSON. */
  json(body: Uint8Array): unknown
}

/** One entry of `fallbacks`. Whatever is null is as in the request. */
export interface FallbackView {
  readonly model: string
  readonly maxTokens: number | null
  readonly isFast: boolean | null
  readonly thinking: CallView['thinking']
}

/**
 * A conversation that the API keeps. `previous` is the id of its newest answer, from which the request goes on: then the
 * body shows no more than what came after it; null for one that begins here.
 */
export interface ThreadView {
  readonly previous: string | null
}

/** Parameters that the prompt cache depends on, and its automatic marker. */
export type StatedKey = 'tool_choice' | 'thinking' | 'output_config' | 'output_format' | 'cache_control'

/** Where the value of such a parameter stands in the body. */
export interface StatedRange {
  readonly key: StatedKey
  readonly start: number
  readonly end: number
}

/** What `parse` yields of a Messages body. Fields that are missing or of another type than the API's are null. */
export interface CallView {
  readonly model: string | null
  /** Where that string stands in the body, quotes included; null if it is none. */
  readonly modelRange: { readonly start: number; readonly end: number } | null
  /** `max_tokens`, in tokens. */
  readonly maxTokens: number | null
  /** Where that number stands in the body, so that it can be changed in place; null if it is no number. */
  readonly maxTokensRange: { readonly start: number; readonly end: number } | null
  readonly stream: boolean
  /** `thinking.type` and `.budget_tokens`. */
  readonly thinking: { readonly type: string; readonly budgetTokens: number | null } | null
  /** `tool_choice.type`. */
  readonly toolChoice: string | null
  /** True if `output_config.format` asks for output of a given structure. */
  readonly hasOutputFormat: boolean
  /** `output_config.effort`, if it is a text. Absent: nobody looked. */
  readonly effort?: string | null
  readonly speed: string | null
  readonly inferenceGeo: string | null
  /** `metadata.user_id`. */
  readonly userId: string | null
  /** The top-level `cache_control` (automatic caching), if present. */
  readonly marker: CacheTtl | null
  /** True if there is one at all, be it one that the API refuses: it stays as the caller wrote it. Absent: nobody looked. */
  readonly hasMarker?: boolean
  /** True if the request continues a server-kept thread or uses a container: the body does not show the whole prompt. */
  readonly hasUnseenPrompt: boolean
  /** Set if the API is to keep the conversation for the next request. */
  readonly thread: ThreadView | null
  /** Tried in turn where the model declines, each billed as a call of its own; `default`: whatever the API has for it. */
  readonly fallbacks: readonly FallbackView[] | 'default'
  /** A prompt of so many tokens is summed up first, by a run of its own; null if the request asks for no such thing. */
  readonly compactsFrom: number | null
  /** Blocks in prefix order: tools, system, messages. */
  readonly blocks: readonly BlockView[]
  /** Parameters that are objects, and the marker whatever it is, in the order of the body: the last of a key counts. */
  readonly stated: readonly StatedRange[]
  /** Length of the (decoded) body, in bytes. */
  readonly bytes: number
}
