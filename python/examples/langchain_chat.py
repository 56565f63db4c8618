"""LangChain through a gateway: its address and one header. Needs langchain-anthropic, and a gateway that runs."""

import os

from langchain_anthropic import ChatAnthropic

import runguard

gateway = os.environ.get("RUNGUARD_GATEWAY", "http://127.0.0.1:4141")
model = ChatAnthropic(
    model="claude-haiku-5-5",
    max_tokens=200,
    base_url=gateway,
    default_headers={"x-runguard-project": os.environ.get("PROJECT", "words")},
)

try:
    print(model.invoke("What is the French word for tide?").content)
except Exception as error:
    refused = runguard.error_from_api_error(error)
    if refused is None:
        raise
    print(f"Refused: {refused}")
