/** Claude Code in the demo, with an empty home, a key that is none, and nobody to talk to but the gateway. */

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bareEnvironment } from './program.js'

const installed = fileURLToPath(new URL('../../../e2e/node_modules/@anthropic-ai/', import.meta.url))
const platform = `claude-agent-sdk-${process.platform}-${process.arch}`
const LONGEST_RUN_MS = 120_000

/** The program, from the end-to-end workspace or from PATH; null if it is in neither. */
export function findClaudeCode(): string | null {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'claude'))
  const places = [join(installed, platform, 'claude'), join(installed, `${platform}-musl`, 'claude'), ...onPath]
  return places.find((place) => existsSync(place)) ?? null
}

const PROMPTS = [
  { title: 'one question', words: 'Say hello. [[sim:text 80]]', flags: [] },
  {
    title: 'a task with three tool calls',
    words: 'Look around. [[sim:tool-loop 3 Bash {"command":"echo 42"}]]',
    flags: ['--allowedTools', 'Bash'],
  },
]

/** Runs `claude -p` for each prompt, under a project of its own. Rejects if a run fails. */
export async function driveClaudeCode(
  program: string,
  url: string,
  home: string,
  say: (line: string) => void,
): Promise<void> {
  const claudeHome = join(home, 'claude-home')
  await mkdir(claudeHome)
  const env = {
    ...bareEnvironment(claudeHome),
    ANTHROPIC_BASE_URL: `${url}/p/claude-code`,
    ANTHROPIC_API_KEY: 'sk-ant-test-demo',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1',
  }
  for (const { title, words, flags } of PROMPTS) {
    say(`Claude Code        ${title}`)
    const args = ['-p', words, '--output-format', 'json', ...flags]
    const run = promisify(execFile)(program, args, { env, cwd: claudeHome, timeout: LONGEST_RUN_MS })
    run.child.stdin?.end()
    const { is_error, total_cost_usd } = JSON.parse((await run).stdout) as { is_error: boolean; total_cost_usd: number }
    if (is_error) throw new Error('Claude Code reported an error')
    say(`                   its own estimate: $${total_cost_usd}`)
  }
}
