"""The examples, run as their readers would run them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent.parent / "examples"


def run(name: str, gateway_url: str, **more: str) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANTHROPIC", "RUNGUARD"))}
    addresses = {"RUNGUARD_GATEWAY": gateway_url, "ANTHROPIC_BASE_URL": gateway_url}
    environment = {**kept, **addresses, "ANTHROPIC_API_KEY": "sk-ant-test-0000", **more}
    command = [sys.executable, str(_FOLDER / name)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("name", "prints"),
    [
        ("plain.py", r"You said: Tell me one fact[^\n]*\n\$0\.0000\d\d\n"),
        ("streaming.py", r"You said: Tell me a story[^\n]*\n\d+ tokens out, \$0\.0000\d\d\n"),
        ("session.py", r"You said: Summarize[^\n]*\nYou said: Is the tide[^\n]*\n\$0\.00\d{4} of \$0\.25 spent\n"),
        ("batches.py", r"Submitted msgbatch_\w+:[^\n]*\n(review-\d: You said[^\n]*\n){3}"),
    ],
)
def test_an_example_prints_what_it_promises(name: str, prints: str, gateway_url: str) -> None:
    pytest.importorskip("anthropic")
    printed = run(name, gateway_url)
    assert re.fullmatch(prints, printed), printed


@pytest.mark.parametrize(
    ("name", "package", "says"),
    [
        ("langchain_chat.py", "langchain_anthropic", "You said: What is the French"),
        ("agent_sdk.py", "claude_agent_sdk", "You said: Say hello."),
    ],
)
def test_another_framework_goes_through_the_gateway_and_shows_a_refusal(
    name: str, package: str, says: str, gateway_url: str
) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed")
    assert says in run(name, gateway_url)
    refused = run(name, gateway_url, PROJECT="poor")
    assert re.search(r"Refused: .*RunGuard budget for project:poor", refused), refused
