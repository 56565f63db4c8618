/** Operation: one thing that can be done at the control plane, with the shapes of everything that goes in and out. */

import type { z } from 'zod'
import type { Actor } from '../access/access.js'
import type { Operation } from '../access/permissions.js'

/** A schema of query or path: texts in, values out. */
export type TextShape = z.ZodObject

/** What is done, and by which request. */
export interface OperationSpec<
  Params extends TextShape = TextShape,
  Query extends TextShape = TextShape,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  readonly id: Operation
  readonly method: 'get' | 'post' | 'put' | 'delete'
  /** With `{name}` for what stands in the path. */
  readonly path: string
  /** For the reference. */
  readonly summary: string
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  readonly answer: Answer
  /** True: it is written into the audit log. */
  readonly isAudited?: boolean
}

/** Who asks, from where. */
export interface Asker {
  readonly actor: Actor | null
  readonly csrfToken: string | null
  readonly method: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly remoteAddress: string
  readonly url: string
  /** Fires when the asker has gone. */
  readonly signal: AbortSignal
}

/** What is told to the audit log beside who, when and what was done. */
export interface AuditNote {
  /** The id of what was changed or read. */
  readonly subject: string
  readonly before: unknown
  readonly after: unknown
  /** What was done, where another operation does the same; the operation by default. */
  readonly action?: Operation
  /** Who did it, where the request itself told. */
  readonly actor?: Actor
}

/** What is known of a change before it is done. */
export type ComingNote = Pick<AuditNote, 'subject' | 'action' | 'actor'>

/** A request that may be done and makes sense. */
export interface ApiRequest<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly asker: Asker
  /** Says what the audit log is told; without it, that it was done. */
  note(note: AuditNote): void
  /**
   * Notes what is about to be done, for what anybody may ask: until it is said, nothing is changed, and nothing is written
   * down. Everything else is noted before its handler begins. Said again, it takes the place of what was said before.
   */
  announce(note: ComingNote): Promise<void>
  /** Sets a header of the answer; one of the same name may be set again. */
  setHeader(name: string, value: string): void
}

/** Does it; a `Response` goes out as it is. Rejects with `ApiProblem`. */
export type Handler<Params, Query, Body, Answer> = (
  request: ApiRequest<Params, Query, Body>,
) => Promise<Answer | Response>

/** An operation that can be done. */
export interface ReadyOperation {
  readonly spec: OperationSpec
  readonly handle: Handler<unknown, unknown, unknown, unknown>
}

type OutputOf<Shape extends z.ZodType | undefined> = Shape extends z.ZodType ? z.output<Shape> : undefined

/** An operation as it is, with the types of its schemas. */
export function specify<
  Answer extends z.ZodType,
  Params extends TextShape = TextShape,
  Query extends TextShape = TextShape,
  Body extends z.ZodType = z.ZodType,
>(spec: OperationSpec<Params, Query, Body, Answer>): OperationSpec<Params, Query, Body, Answer> {
  return spec
}

/** Puts an operation and what does it together; the types of both must agree. */
export function operation<
  Answer extends z.ZodType,
  Params extends TextShape = TextShape,
  Query extends TextShape = TextShape,
  Body extends z.ZodType = z.ZodType,
>(
  spec: OperationSpec<Params, Query, Body, Answer>,
  handle: Handler<OutputOf<Params>, OutputOf<Query>, OutputOf<Body>, z.input<Answer>>,
): ReadyOperation {
  return { spec, handle: handle as Handler<unknown, unknown, unknown, unknown> }
}
