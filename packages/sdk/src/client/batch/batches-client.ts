/** The part of the official client that batches need, by its shape: its package is never imported. */

/** The params of a message, as the official client takes them; a batch refuses streams. */
export interface BatchParams {
  readonly model: string
  readonly max_tokens: number
  // What the client declares is a mutable list, and a list that may not be changed would not fit it.
  messages: object[]
  readonly stream?: false | null | undefined
}

/** One item as it travels. */
export interface WireRequest {
  custom_id: string
  params: BatchParams
}

/** What every call of the client takes besides its params. */
export interface CallOptions {
  readonly signal?: AbortSignal | null
  readonly maxRetries?: number
}

/** A batch as the API shows it, as far as it is read. Dates are RFC 3339. */
export interface BatchView {
  readonly id: string
  readonly processing_status: string
  readonly request_counts: {
    readonly processing: number
    readonly succeeded: number
    readonly errored: number
    readonly canceled: number
    readonly expired: number
  }
  readonly created_at: string
  readonly expires_at: string
}

/** A line of the results, of which only the id is certain. */
export interface ResultLine {
  readonly custom_id: string
  readonly result: { readonly type: string }
}

/** An `Anthropic` client of any version that has batches, guarded or not. */
export interface BatchClient {
  readonly messages: {
    create(params: BatchParams, options?: CallOptions): PromiseLike<unknown>
    readonly batches: {
      create(params: { requests: WireRequest[] }, options?: CallOptions): PromiseLike<BatchView>
      retrieve(id: string, params?: object, options?: CallOptions): PromiseLike<BatchView>
      list(params?: { limit?: number }, options?: CallOptions): AsyncIterable<BatchView>
      cancel(id: string, params?: object, options?: CallOptions): PromiseLike<BatchView>
      results(id: string, params?: object, options?: CallOptions): Promise<AsyncIterable<ResultLine>>
    }
  }
}

/** The options of a call that somebody may want to stop. */
export function callOptions(signal: AbortSignal | undefined): CallOptions {
  return signal === undefined ? {} : { signal }
}

/** How many items a batch has. */
export function countItems({ request_counts: counts }: BatchView): number {
  return counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
}

/** Has the batch ended, with all its results there? */
export function hasEnded(view: BatchView): boolean {
  return view.processing_status === 'ended'
}
