"""The Claude Agent SDK through a gateway. Needs claude-agent-sdk, and a gateway that runs: npx runguard start"""

import asyncio
import os

from claude_agent_sdk import AssistantMessage, ClaudeAgentOptions, TextBlock, query

import runguard

gateway = os.environ.get("RUNGUARD_GATEWAY", "http://127.0.0.1:4141")
environment = runguard.gateway_environment(gateway, project=os.environ.get("PROJECT", "agents"))
options = ClaudeAgentOptions(env=environment, model="claude-haiku-5-5", max_turns=3)


async def main() -> None:
    try:
        async for message in query(prompt="Say hello.", options=options):
            if isinstance(message, AssistantMessage) and message.error is None:
                print("".join(block.text for block in message.content if isinstance(block, TextBlock)))
    except Exception as error:
        # Claude Code shows the words of a refusal as they are, after one request.
        print(f"Refused: {error}")


asyncio.run(main())
