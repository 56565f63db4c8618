/** Takes away what the clients read from the environment: keys, addresses, and switches that make them call elsewhere. */

for (const name of Object.keys(process.env)) {
  if (/^(ANTHROPIC|CLAUDE|OPENAI|LANGCHAIN|LANGSMITH|AI_GATEWAY|OTEL)/i.test(name)) delete process.env[name]
  if (/^(https?|all|no)_proxy$/i.test(name)) delete process.env[name]
}
