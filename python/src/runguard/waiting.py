"""Waiting for what takes its time: how long to pause between two questions, and which failures pass."""

from __future__ import annotations

import random
from typing import Iterator


def pauses() -> Iterator[float]:
    """Seconds: two, growing to a minute, with a little chance so that processes do not ask together."""
    pause = 2.0
    while True:
        yield pause * (1 + 0.25 * random.random())
        pause = min(60.0, pause * 1.5)


def is_passing(error: Exception) -> bool:
    """True for no answer, or one that says that there will be a better one later."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status in (408, 429) or status >= 500
    return type(error).__name__ in ("APIConnectionError", "APITimeoutError")
