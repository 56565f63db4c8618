/** What every client of the table can be asked to do, and what it tells its user about it. */

import type { Place } from '../stage/stage.js'

/** What a client reports of a task, however many calls it took. */
export interface Told {
  readonly text: string
  readonly tokens: ToldTokens
}

/** Tokens as the client adds them up. */
export interface ToldTokens {
  /** All input, with what was read from and written to the cache. */
  readonly prompt: number
  readonly read: number
  readonly written: number
  readonly output: number
}

/** How a client reports that a call failed. */
export interface Failure {
  readonly status: number | null
  readonly message: string
}

/** The lifetimes of the prompt cache. */
export type Ttl = '5m' | '1h'

/** A real client, pointed at the gateway. All words go to the model as the words of a person. */
export interface Client {
  /** One question, one answer. */
  say(words: string): Promise<Told>
  /** The same, put together from the pieces of a stream. */
  stream(words: string): Promise<Told>
  /** Lets the model call {@link ClientKind.toolCall} until it is done. */
  work(words: string): Promise<Told>
  /** Asks with a long text marked for the cache in front. */
  sayCached(words: string, ttl: Ttl): Promise<Told>
  /** Asks for something that fails. Rejects if it does not. */
  fail(words: string): Promise<Failure>
  /** Leaves a stream after its first words; they are the answer. */
  leave(words: string): Promise<string>
  /** The tokens of a question, where the client has a function for it. */
  countTokens?(words: string): Promise<number>
  /** The ids of all models, where the client has a function for it. */
  listModels?(): Promise<readonly string[]>
}

/** A released client. */
export interface ClientKind {
  readonly name: string
  /** How the simulator makes the model call the tool that {@link Client.work} offers. */
  readonly toolCall: string
  /** What `user-agent` it must show up with in the records. */
  readonly userAgent: RegExp
  /** Calls that one question costs when the API is overloaded for good, with two retries. */
  readonly attempts: number
  /** Output tokens that it reports on top of the true number when it streams: a fault of the client. */
  readonly surplusOutput: number
  open(place: Place): Client
}

/** A credential that is none. */
export const dummyKey = 'sk-ant-test-0000'

/** The model that all of them ask for. */
export const model = 'claude-opus-5-5'

/** Long enough for the prompt cache of every current model: about 3,000 tokens in the simulator's count. */
export const longText = 'A reference text that stands in front of every question of this test. '.repeat(130)

/** Characters after which {@link Client.leave} has seen enough. */
export const enough = 60
