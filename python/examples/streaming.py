"""A stream through a gateway, and what it cost. Needs a gateway that runs: npx runguard start"""

import os

import runguard

client = runguard.guard(gateway=os.environ.get("RUNGUARD_GATEWAY", "http://127.0.0.1:4141"), task="summarize")

with client.messages.stream(
    model="claude-haiku-5-5",
    max_tokens=500,
    messages=[{"role": "user", "content": "Tell me a story about an octopus."}],
) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)
    message = stream.get_final_message()

print(f"\n{message.usage.output_tokens} tokens out, ${runguard.cost(message.usage, message.model).usd:.6f}")
