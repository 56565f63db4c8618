"""What the tests share: the gateway that ``npm run test:python`` starts, and statements that it checks afterwards."""

import json
import os
from typing import Any, Callable
from uuid import uuid4

import pytest


@pytest.fixture
def gateway_url() -> str:
    url = os.environ.get("RUNGUARD_TEST_GATEWAY")
    if not url:
        pytest.skip("needs a gateway: npm run test:python starts one")
    return url


@pytest.fixture
def simulator_url() -> str:
    url = os.environ.get("RUNGUARD_TEST_SIMULATOR")
    if not url:
        pytest.skip("needs a simulated API: npm run test:python starts one")
    return url


@pytest.fixture
def state_fact() -> Callable[..., None]:
    """States what the ledger of the gateway must say of a session; compared with it when all tests have run."""

    def state(session: str, **fact: Any) -> None:
        with open(os.environ["RUNGUARD_TEST_FACTS"], "a", encoding="utf-8") as lines:
            lines.write(json.dumps({"session": session, **fact}) + "\n")

    return state


@pytest.fixture
def session_name() -> str:
    return f"test-{uuid4()}"
