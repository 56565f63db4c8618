/** What every client of the table can be asked to do, and what it tells its user about it. */

import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Door, Place } from '../stage/place.js'

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
  /** The class of the error that its user catches; null for a program, which ends with words. */
  readonly error: string | null
}

/** The lifetimes of the prompt cache. */
export type Ttl = '5m' | '1h'

/** A real client, pointed at a door. All words go to the model as the words of a person. */
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
  /** Begins a conversation. */
  talk(): Talk
  /** One question without a stream that asks for the most output there is, where the client can ask so. */
  sayAtLength?(words: string, shape: Shape): Promise<void>
  /** The tokens of a question, where the client has a function for it. */
  countTokens?(words: string): Promise<number>
  /** The ids of all models, where the client has a function for it. */
  listModels?(): Promise<readonly string[]>
}

/** Every answer is streamed, every tool call in it is run, and what was said goes along the next time. */
export interface Talk {
  /** Answers what the user sees of the answer. Rejects if the client reports an error. */
  say(words: string): Promise<string>
}

/** What a call that is not streamed asks for besides {@link mostOutput}. */
export type Shape = 'plain' | 'thinking' | 'tool'

/** A tool call of the model. */
export interface Order {
  readonly name: string
  readonly input: Readonly<Record<string, string>>
}

/** A released client. */
export interface ClientKind {
  readonly name: string
  /** What the simulator reads as a call of the tool that {@link Client.work} offers, to look something up. */
  toolCall(about: string): string
  /**
   * A call of a tool that {@link Client.talk} offers: run, it leaves a file `mark` in the home, also if it was cut off
   * somewhere in its padding and run all the same.
   */
  orderOf(mark: string, padding: string): Order
  /** What `user-agent` it must show up with in the records. */
  readonly userAgent: RegExp
  /** Calls that one question costs when the API is overloaded for good, with two retries. */
  readonly attempts: number
  /** {@link Failure.error} where a budget refuses, at each door that it has. */
  readonly refusal: Readonly<Partial<Record<Door, string | null>>>
  /** Output tokens that it reports on top of the true number when it streams: a fault of the client. */
  readonly surplusOutput: number
  open(place: Place): Client
}

/** A credential that is none. */
export const dummyKey = 'sk-ant-test-0000'

/** The model that all of them ask for. */
export const model = 'claude-opus-5-5'

/** A model that takes a thinking budget, and can be told which tool to call. */
export const olderModel = 'claude-sonnet-4-6'

/** The most output of either model, in tokens. */
export const mostOutput = 128_000

/** The thinking budget of a call at length, in tokens. */
export const thinkingBudget = 4_000

/** Long enough for the prompt cache of every current model: about 3,000 tokens in the simulator's count. */
export const longText = 'A reference text that stands in front of every question of this test. '.repeat(130)

/** Characters after which {@link Client.leave} has seen enough. */
export const enough = 60

/** The class of something thrown. */
export function classOf(error: unknown): string {
  return (error as object).constructor.name
}

/** Makes the model call the tool in so many rounds, each time for something else: an agent at work, not in a loop. */
export function roundsOf(kind: ClientKind, rounds: number): string {
  const words = ['one', 'two', 'three', 'four', 'five', 'six'].slice(0, rounds)
  return words.map((about) => `[[sim:tool ${kind.toolCall(about)}]] [[sim:next]]`).join(' ')
}

/** {@link ClientKind.toolCall} where the tool is the test's own. */
export function lookUpCall(about: string): string {
  return `look_up ${JSON.stringify({ key: about })}`
}

/** {@link ClientKind.orderOf} where the tool is the test's own. */
export function orderOfMark(mark: string, padding: string): Order {
  return { name: 'leave_mark', input: { mark, padding } }
}

/** The work of the tool `leave_mark`. */
export function leaveMark({ home }: Place, mark: string): string {
  writeFileSync(join(home, basename(mark)), '')
  return `There is a file ${mark} now.`
}
