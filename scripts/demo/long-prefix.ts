/** What a prompt costs that a conversation sends again and again, with the guard and without a cache. */

import Anthropic from '@anthropic-ai/sdk'
import { createGuard } from '@runguard/sdk'
import { cacheRates, findPrice, loadPriceBook, priceList } from '@runguard/sdk/core'
import { startSimulator } from '@runguard/simulator'

const MODEL = 'claude-sonnet-5'
const TURNS = 100
const PREFIX_TOKENS = 4_000
/** Of the simulator, for this model. */
const BYTES_PER_TOKEN = 3
const PICO_PER_USD = 1e12
const PERCENT = 100

/** The bill of the prefix alone. */
export interface PrefixSaving {
  readonly turns: number
  readonly prefixTokens: number
  readonly uncachedUsd: number
  readonly usd: number
  readonly savedPercent: number
}

/** A conversation of an ordinary program, which sets no marker, through a guard. */
export async function measureLongPrefix(): Promise<PrefixSaving> {
  const simulator = await startSimulator()
  const guard = createGuard({ caching: { ttl: '5m' } })
  try {
    const session = guard.session()
    session.presence('waiting')
    const claude = session.wrap(new Anthropic({ baseURL: simulator.url, apiKey: 'sk-ant-test-demo', maxRetries: 0 }))
    return priceOf(await talk(claude))
  } finally {
    await guard.close()
    await simulator.close()
  }
}

async function talk(claude: Anthropic): Promise<Anthropic.Usage[]> {
  const line = 'The house rules, as long as they are. '
  const bytes = PREFIX_TOKENS * BYTES_PER_TOKEN
  const text = line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes)
  const system: Anthropic.TextBlockParam[] = [{ type: 'text', text }]
  const messages: Anthropic.MessageParam[] = []
  const usages: Anthropic.Usage[] = []
  for (let turn = 0; turn < TURNS; turn++) {
    messages.push({ role: 'user', content: [{ type: 'text', text: `Question ${turn}? [[sim:text 10]]` }] })
    const { content, usage } = await claude.messages.create({ model: MODEL, max_tokens: 100, system, messages })
    messages.push({ role: 'assistant', content })
    usages.push(usage)
  }
  return usages
}

/** Each time the prefix was read, or written, or neither. */
function priceOf(usages: readonly Anthropic.Usage[]): PrefixSaving {
  const price = findPrice(loadPriceBook(priceList), MODEL, Date.now())
  if (price === null) throw new Error(`there is no price for ${MODEL}`)
  const rates = cacheRates(price, PREFIX_TOKENS)
  const pico = usages.reduce((sum, usage) => {
    const read = usage.cache_read_input_tokens ?? 0
    const { ephemeral_1h_input_tokens: hour = 0, ephemeral_5m_input_tokens: short = 0 } = usage.cache_creation ?? {}
    if (read >= PREFIX_TOKENS) return sum + PREFIX_TOKENS * rates.read
    if (hour >= PREFIX_TOKENS) return sum + PREFIX_TOKENS * rates.write1h
    return sum + PREFIX_TOKENS * (short >= PREFIX_TOKENS ? rates.write5m : rates.input)
  }, 0)
  const uncached = usages.length * PREFIX_TOKENS * rates.input
  return {
    turns: usages.length,
    prefixTokens: PREFIX_TOKENS,
    uncachedUsd: uncached / PICO_PER_USD,
    usd: pico / PICO_PER_USD,
    savedPercent: Math.round((1 - pico / uncached) * PERCENT),
  }
}
