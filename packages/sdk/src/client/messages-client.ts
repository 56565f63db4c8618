/**
 * The client of the Claude API, as far as sessions use it: only that the methods are there is asked of its type, so that
 * every version of the official package fits. Their parameters and answers differ in details that are not touched here.
 */

import type { Message, MessageCreateParamsNonStreaming, MessageStreamEvent } from '@anthropic-ai/sdk/resources/messages'

/** What a call may be told besides its parameters. */
export interface CallOptions {
  readonly signal?: AbortSignal | null
  readonly headers?: Record<string, string>
  /** Milliseconds. */
  readonly timeout?: number
  /** How often the client tries again by itself; each try is a call of its own. */
  readonly maxRetries?: number
}

/** An answer that comes in pieces. */
export interface StreamedMessage extends AsyncIterable<MessageStreamEvent> {
  /** The whole answer. Rejects if it broke off. */
  finalMessage(): Promise<Message>
}

/** A client whose messages can be streamed. */
export interface StreamingClient {
  readonly messages: {
    stream(params: never, options: never): AsyncIterable<object> & { finalMessage(): Promise<object> }
  }
}

/** A client whose messages can be asked for in one piece. */
export interface CreatingClient {
  readonly messages: {
    create(params: never, options: never): PromiseLike<object>
  }
}

/** `client.messages.stream`. */
export function streamMessage(
  client: StreamingClient,
  params: MessageCreateParamsNonStreaming,
  options: CallOptions,
): StreamedMessage {
  return client.messages.stream(params as never, options as never) as StreamedMessage
}

/** `client.messages.create`. */
export async function createMessage(
  client: CreatingClient,
  params: MessageCreateParamsNonStreaming,
  options: CallOptions,
): Promise<Message> {
  return (await client.messages.create(params as never, options as never)) as Message
}
