/** From how many times on a repetition is worth a notice, and from how many on it is stopped. */

/** The two tiers of one rule, in times (rounds, turns, requests), the first included. Null: that tier never comes. */
export interface LoopTiers {
  readonly notice: number | null
  readonly stop: number | null
}

/** The limits of every rule. */
export interface LoopLimits {
  /** The same rounds again. Times that brought something new do not count, unless the tool is one that writes. */
  readonly repeat: LoopTiers
  /** The same rounds again with the same results. */
  readonly sameResult: LoopTiers
  /** The same rounds again, and their results differ in numbers alone. Not for tools declared to be a cursor. */
  readonly otherNumbers: LoopTiers
  /** The same rounds again, also if they bring something new: pages, steps. Not for tools declared to be a cursor. */
  readonly newResult: LoopTiers
  /** The same rounds again, and all they do is wait. */
  readonly poll: LoopTiers
  /** One tool with slightly different input and the same empty or failing result. */
  readonly nearRepeat: LoopTiers
  /** One tool with any input and the same failing result. */
  readonly sameFailure: LoopTiers
  /** One tool with any input, and nothing ever comes back. */
  readonly nothingFound: LoopTiers
  /** The same call with the same failing result, with anything in between. */
  readonly stalledCheck: LoopTiers
  /** Rounds in a row that brought nothing new while the prompt grew by {@link LoopLimits.growthTokens}. */
  readonly growth: LoopTiers
  /** Tokens by which the prompt must have grown for a notice, and twice that for a stop. */
  readonly growthTokens: number
  /** The same request with the same answer (or none, because it was refused). */
  readonly sameRequest: LoopTiers
  /** The same request, whatever was answered. */
  readonly anyAnswer: LoopTiers
  /** The same text of the model, or up to three in turn, without a tool call. */
  readonly sameText: LoopTiers
  /** Any texts of the model in a row without a tool call or a person in between. */
  readonly onlyTexts: LoopTiers
  /** Dollars a minute, over the last five. */
  readonly spend: LoopTiers
}

/** A rule that has two tiers. */
export type LoopRuleName = Exclude<keyof LoopLimits, 'growthTokens'>

/**
 * What holds unless somebody says otherwise. Careful people do the same thing three times for good reasons, rarely five
 * times. Another answer is a reason to go on, and so is a wait. Where something varies, what looks like a loop may be
 * work: there the notice comes early and the stop only where nobody would wait any longer.
 */
export const defaultLoopLimits: LoopLimits = {
  repeat: { notice: 3, stop: 5 },
  sameResult: { notice: 3, stop: 4 },
  // A clock that is asked again and again, but also a benchmark that is run ten times.
  otherNumbers: { notice: 5, stop: 12 },
  newResult: { notice: 6, stop: 40 },
  // Ten minutes at one look every five seconds.
  poll: { notice: 30, stop: 120 },
  nearRepeat: { notice: 5, stop: 20 },
  sameFailure: { notice: 8, stop: 24 },
  // Silent commands are ordinary work.
  nothingFound: { notice: 12, stop: null },
  stalledCheck: { notice: 4, stop: 20 },
  growth: { notice: 8, stop: 32 },
  growthTokens: 20_000,
  // Drawing many answers to one prompt is ordinary work too, and short ones are often the same.
  sameRequest: { notice: 5, stop: null },
  anyAnswer: { notice: 20, stop: null },
  sameText: { notice: 3, stop: 5 },
  onlyTexts: { notice: 6, stop: 12 },
  spend: { notice: 5, stop: null },
}

/** The tier that a count has reached, or null. */
export function tierOf(count: number, { notice, stop }: LoopTiers): LoopTier | null {
  if (stop !== null && count >= stop) return 'stop'
  return notice !== null && count >= notice ? 'notice' : null
}

/** How sure a finding is: worth telling, or to be ended. */
export type LoopTier = 'notice' | 'stop'

/**
 * The default limits with some replaced. Throws `RangeError` naming the limit that cannot be one, whatever was sent.
 */
export function loopLimitsOf(limits: Partial<LoopLimits>): LoopLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(defaultLoopLimits, name)) throw new RangeError(`there is no loop limit ${JSON.stringify(name)}`)
    if (name === 'growthTokens' ? !isAmount(value) : !areTiers(value)) {
      throw new RangeError(`the loop limit ${name} must be ${name === 'growthTokens' ? 'a number above 0' : TIERS}`)
    }
  }
  return { ...defaultLoopLimits, ...limits }
}

const TIERS = '{ notice, stop }, each a number above 0 or null, and notice not above stop'

function areTiers(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { notice, stop } = value as Partial<LoopTiers>
  const areLimits = [notice, stop].every((limit) => limit === null || isAmount(limit))
  return areLimits && (notice === null || stop === null || Number(notice) <= Number(stop))
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
