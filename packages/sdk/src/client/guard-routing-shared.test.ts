import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Anthropic from '@anthropic-ai/sdk'
import { expect, it, onTestFinished } from 'vitest'
import { openStage } from '../../test/client-stage.js'
import { sqliteStore } from './sqlite.js'

const [sonnet, opus] = ['claude-sonnet-5-5', 'claude-opus-5-5']

/** A conversation about a long text that is cached, after so many answers. */
function talk(answers: number): Anthropic.MessageCreateParamsNonStreaming {
  const cached = { type: 'ephemeral' as const }
  const system = [{ type: 'text' as const, text: 'A long text. '.repeat(6_000), cache_control: cached }]
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Begin.' }]
  for (let at = 0; at < answers; at++) {
    messages.push({ role: 'assistant', content: `Answer ${at}.` }, { role: 'user', content: `Go on ${at}.` })
  }
  return { model: opus, max_tokens: 1_000, system, messages }
}

it('a conversation that was moved to a cheaper model stays there when another program on the same file goes on with it', async () => {
  const stage = await openStage()
  onTestFinished(() => stage.close())
  const folder = mkdtempSync(join(tmpdir(), 'runguard-routes-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const openProgram = (limit: string) => {
    const store = sqliteStore(join(folder, 'store.db'))
    const degrade = [{ at: 0.000001, step: 'cheaper-tier' as const }]
    const guard = stage.guard({ store, budgets: [{ scope: 'everything', window: 'day', limit, degrade }] })
    const claude = guard.session({ id: 'one' }).wrap(stage.client())
    const ask = async (request: Anthropic.MessageCreateParamsNonStreaming) => {
      const { model, usage } = await claude.messages.create(request)
      await guard.flush()
      return { model, read: usage.cache_read_input_tokens ?? 0 }
    }
    const close = async () => {
      await guard.close()
      await store.close()
    }
    return { ask, close }
  }
  const low = openProgram('$1')
  await low.ask({ model: opus, max_tokens: 100, messages: [{ role: 'user', content: 'Something else.' }] })
  expect(await low.ask(talk(0))).toEqual({ model: sonnet, read: 0 })
  await low.close()
  // Its own budget is fine: it has no reason of its own to leave the model that is asked for.
  const fine = openProgram('$1000000')
  const { model, read } = await fine.ask(talk(1))
  expect(model).toBe(sonnet)
  expect(read).toBeGreaterThan(20_000)
  const other = talk(1).messages.map((each, at) => (at === 0 ? { ...each, content: 'Begin otherwise.' } : each))
  expect(await fine.ask({ ...talk(1), messages: other })).toMatchObject({ model: opus })
  await fine.close()
})
