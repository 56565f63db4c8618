/** The prompts of a run, made one by one: no set is ever in memory. */

/** So many items with prompts of so many bytes. */
export interface PromptSet {
  readonly name: string
  readonly items: number
  /** Of the text of each prompt. */
  readonly promptBytes: number
}

const WORDS = 'It reads the record, writes one sentence about it, and says nothing else. '

/** The prompts, in order. */
export function* promptsOf({ items, promptBytes }: PromptSet) {
  const text = WORDS.repeat(Math.ceil(promptBytes / WORDS.length)).slice(0, promptBytes)
  for (let index = 0; index < items; index++) {
    const content = `${text}\nRecord ${index}. [[sim:text ${10 + (index % 20)}]]`
    const params = { model: 'claude-haiku-5-5', max_tokens: 64, messages: [{ role: 'user' as const, content }] }
    yield { custom_id: `record-${index}`, params }
  }
}
