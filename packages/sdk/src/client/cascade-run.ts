/** A cascade on its way: loaded with the engine, as nothing of it is needed before. */

import type { Message } from '@anthropic-ai/sdk/resources/messages'
import { identify } from '../core/budget/scope.js'
import { addUsd, decimalUsd, zeroUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import type { CascadePlan, CascadeTry, SkippedTier } from '../core/route/cascade.js'
import { tellListener } from '../engine/listener.js'
import type { CascadeAnswer, CascadeAsk, CascadeAttemptResult, CascadeParts } from './cascade-types.js'
import { throwIfAborted, unlessAborted } from './door/abort.js'
import type { Account, Door } from './door/door-types.js'
import { openWays } from './door/ways.js'
import { createMessage } from './messages-client.js'
import { checkCallOptions, checkRequest } from './request-check.js'

/** Asks one tier after the other. Rejects as `Cascade.create` does. */
export async function runCascade(
  door: Door,
  account: Account,
  parts: CascadeParts,
  asked: CascadeAsk,
): Promise<CascadeAnswer> {
  checkRequest('a cascade', asked.params)
  checkCallOptions('a call of a cascade', asked.options)
  if ((asked.params as { readonly stream?: unknown }).stream === true) {
    throw new TypeError('a cascade does not stream: its verifier needs the whole answer')
  }
  return await new Run(door, account, parts, asked).answer()
}

/** @property message null where the API would not answer */
interface Tried {
  readonly message: Message | null
  readonly isGood: boolean
}

class Run {
  private readonly door: Door
  private readonly account: Account
  private readonly parts: CascadeParts
  private readonly asked: CascadeAsk
  private readonly id: string
  private readonly attempts: CascadeAttemptResult[] = []
  private failed = zeroUsd
  private total = zeroUsd

  constructor(door: Door, account: Account, parts: CascadeParts, asked: CascadeAsk) {
    this.door = door
    this.account = account
    this.parts = parts
    this.asked = asked
    this.id = door.runtime.id()
  }

  async answer(): Promise<CascadeAnswer> {
    const { signal = null } = this.asked.options
    const { tries, skipped } = await unlessAborted(signal, this.plan())
    const [last] = tries.slice(-1)
    for (const step of tries) {
      throwIfAborted(signal)
      const { message, isGood } = await this.attempt(step, last)
      if (message !== null && (isGood || step === last)) return this.close(step, message, isGood, skipped)
    }
    throw new RangeError('a cascade has at least one tier')
  }

  private async plan(): Promise<CascadePlan> {
    const { tiers, options } = this.parts
    const model = this.door.modelOf(tiers.at(-1) ?? '')
    const body = new TextEncoder().encode(JSON.stringify({ ...this.asked.params, model }))
    const headers = this.account.headersFor({})
    const scope = identify(headers, null, null)
    const { cascades } = await this.door.engine.whenLoaded
    return cascades.plan({ body, scope, headers, task: options.task ?? scope.task }, tiers)
  }

  private async attempt(step: CascadeTry, last: CascadeTry | undefined): Promise<Tried> {
    const { tier, model } = step
    const { signal = null } = this.asked.options
    const records: CallRecord[] = []
    const cascade = { id: this.id, attempt: this.attempts.length + 1, tier, asked: last?.model ?? model }
    const message = await this.ask(model, this.accountOf(cascade, records))
      .finally(() => this.pay(records))
      .catch((error: unknown) => {
        if (step === last || !isOfTheTier(error)) throw error
        return null
      })
    const isGood = message !== null && Boolean(await unlessAborted(signal, Promise.resolve(this.parts.verify(message))))
    if (!isGood) for (const { cost } of records) this.failed = addUsd(this.failed, cost.nano)
    if (message !== null) await this.learn(records.at(-1), isGood)
    const cost = records.reduce((sum, record) => addUsd(sum, record.cost.nano), zeroUsd)
    const attempt = { tier, model, isGood, costUsd: dollars(cost), callIds: records.map(({ id }) => id) }
    this.attempts.push(attempt)
    tellListener(this.door.runtime, () => this.parts.options.onAttempt?.(attempt))
    return { message, isGood }
  }

  private ask(model: string, account: Account): Promise<Message> {
    const { client, params, options } = this.asked
    return createMessage(openWays(this.door, account).wrap(client), { ...params, model }, options)
  }

  private accountOf(cascade: NonNullable<Account['cascade']>, records: CallRecord[]): Account {
    const { task } = this.parts.options
    return {
      cascade,
      headersFor: (own) => ({
        ...this.account.headersFor(own),
        ...(task !== undefined && { 'x-runguard-task': task }),
      }),
      onEnd: (record) => {
        records.push(record)
        this.account.onEnd(record)
      },
    }
  }

  private pay(records: readonly CallRecord[]): void {
    for (const { cost } of records) this.total = addUsd(this.total, cost.nano)
  }

  /** The answer is there and paid: that something of it could not be written down is no reason to lose it. */
  private async learn(record: CallRecord | undefined, isGood: boolean): Promise<void> {
    const { engine, runtime } = this.door
    if (record === undefined || record.scope.task === null) return
    const { feedback } = await engine.whenLoaded
    await feedback({ call: record.id, isGood }).catch((error: unknown) => {
      runtime.log.error('feedback-lost', { call: record.id, error: String(error) })
    })
  }

  private close(
    { tier }: CascadeTry,
    message: Message,
    isGood: boolean,
    skipped: readonly SkippedTier[],
  ): CascadeAnswer {
    const { attempts } = this
    return { message, tier, isGood, attempts, skipped, failedUsd: dollars(this.failed), totalUsd: dollars(this.total) }
  }
}

function dollars(nano: typeof zeroUsd): number {
  return Number(decimalUsd(nano))
}

/** Whoever is refused so is refused on every tier: no key, or no money. */
const OF_THE_ACCOUNT = new Set([401, 402])

/**
 * True for an answer of the API that another tier may not give: what a model does not take, or has no room for just now.
 * No call fails because it was tried cheaper. A refusal of ours has no status.
 */
function isOfTheTier(error: unknown): boolean {
  const { status } = (error ?? {}) as { readonly status?: unknown }
  return typeof status === 'number' && !OF_THE_ACCOUNT.has(status)
}
