/**
 * Which model does for a task: the plain table, for programs that choose before they call.
 *
 * Nothing here looks at a request: a task is a word that the program says, a length is a number of tokens.
 */

import { quote } from '../config/config-names.js'
import { checkKind, checkOptions, type Names, show } from '../config/known-options.js'
import { fields, someText } from '../config/option-kinds.js'

/** How strong, and how dear, a model is. */
export type Tier = 'small' | 'medium' | 'large'

/** The id of the model that serves each tier. */
export type TierModels = Readonly<Record<Tier, string>>

/** Which models the tiers are: today's, or those of the 4.5 to 4.7 generation. */
export type TierPreset = 'current' | 'classic'

/** What may differ from the table. */
export interface TaskModelOptions {
  /** `current` by default. */
  readonly preset?: TierPreset
  /** Other models for some of the tiers. */
  readonly tiers?: Partial<TierModels>
  /** Tasks of your own, or other choices for known ones: a tier, or the id of a model. */
  readonly tasks?: Readonly<Record<string, string>>
}

/** The models of the tiers, by preset. */
export const tierModels: Readonly<Record<TierPreset, TierModels>> = {
  current: { small: 'claude-haiku-5-5', medium: 'claude-sonnet-5-5', large: 'claude-opus-5-5' },
  classic: { small: 'claude-haiku-4-5-20251001', medium: 'claude-sonnet-4-6', large: 'claude-opus-4-7' },
}

/** The tier of each known task. */
export const taskTiers = {
  classify: 'small',
  extract: 'small',
  summarize: 'small',
  reason: 'medium',
  code_review: 'medium',
  analyze: 'medium',
  research: 'large',
} as const satisfies Readonly<Record<string, Tier>>

/** A task that the table knows. Any other word is a task too: it gets the medium tier. */
export type KnownTask = keyof typeof taskTiers

/** The model of each known task, before its length is looked at: the table as it stands, with today's models. */
export const taskModelMap: Readonly<Record<KnownTask, string>> = modelsOf('current')

/**
 * The other way to write {@link taskModelMap}.
 *
 * @alias taskModelMap
 */
export const TASK_MODEL_MAP: Readonly<Record<KnownTask, string>> = taskModelMap

/** More than so many tokens are too long for the small tier. */
const SMALL_TIER_TOKENS = 50_000

/**
 * The id of the model for a task: small for `classify`, `extract` and `summarize`, medium for `reason`, `code_review`,
 * `analyze` and every task that is not known, large for `research`. Content of more than 50,000 tokens lifts the small
 * tier to the medium one.
 *
 * @param contentLength all that the model has to read, in tokens (not characters: a token is about 3 of them)
 *
 * Throws `RangeError` if the length is no number of tokens, or the preset is not known; `TypeError` for a task that is no
 * text, and for options that it does not know or cannot use.
 */
export function selectModel(taskType: string, contentLength: number, options: TaskModelOptions = {}): string {
  if (typeof taskType !== 'string') throw new TypeError(`a task is a word, not ${show(taskType)}`)
  if (!Number.isFinite(contentLength) || contentLength < 0) {
    throw new RangeError(`not a number of tokens: ${show(contentLength)}`)
  }
  checkTaskModels(options)
  const { preset = 'current' } = options
  const tiers: TierModels = { ...tierModels[preset], ...options.tiers }
  const choice = choiceFor(taskType, options.tasks)
  const model = isTier(choice) ? tiers[choice] : choice
  // Who names the small tier's model by its id means the tier: the same content is as long for it.
  return model === tiers.small && contentLength > SMALL_TIER_TOKENS ? tiers.medium : model
}

const taskModelOptions = { preset: true, tiers: true, tasks: true } satisfies Names<TaskModelOptions>
const tierNames = { small: someText, medium: someText, large: someText } satisfies Names<TierModels>

function checkTaskModels(options: TaskModelOptions): void {
  checkOptions('selectModel', options, taskModelOptions)
  const { preset = 'current', tiers = {}, tasks = {} } = options
  const isPreset = typeof preset === 'string' && Object.hasOwn(tierModels, preset)
  if (!isPreset) throw new RangeError(`unknown preset of models: ${show(preset)}`)
  checkOptions('tiers', tiers, tierNames)
  checkKind('tasks', tasks, fields)
  for (const [task, choice = 'medium'] of Object.entries(tasks))
    checkKind(`the model of ${quote(task)}`, choice, someText)
}

/** Only own fields count: a task named `constructor` is an unknown one. */
function choiceFor(taskType: string, tasks: TaskModelOptions['tasks']): string {
  if (tasks !== undefined && Object.hasOwn(tasks, taskType)) return tasks[taskType] ?? 'medium'
  return isKnownTask(taskType) ? taskTiers[taskType] : 'medium'
}

function isKnownTask(task: string): task is KnownTask {
  return Object.hasOwn(taskTiers, task)
}

function isTier(choice: string): choice is Tier {
  return choice === 'small' || choice === 'medium' || choice === 'large'
}

function modelsOf(preset: TierPreset): Readonly<Record<KnownTask, string>> {
  const models = Object.entries(taskTiers).map(([task, tier]) => [task, tierModels[preset][tier]] as const)
  return Object.freeze(Object.fromEntries(models) as Record<KnownTask, string>)
}
