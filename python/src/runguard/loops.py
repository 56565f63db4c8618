"""Loops in their simplest form: one signature per act, and an answer as soon as the last acts repeat themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .checks import show

_LONGEST_CYCLE = 1_000


@dataclass(frozen=True)
class LoopMatch:
    """A block of signatures that came several times in a row."""

    repeats: int
    """How often the block came, the first time included."""
    cycle: Tuple[str, ...]
    """The block, in the order of its last coming. It is not itself a repetition of a smaller one."""

    @property
    def cycle_length(self) -> int:
        """Number of signatures in the block."""
        return len(self.cycle)


class LoopDetector:
    """Finds out that the last acts are one block of 1 to ``max_cycle_len`` signatures, ``repeats`` times in a row.

    A signature is any string that is equal when two acts do the same, for instance the tool and its arguments. Keeps
    the last ``max_cycle_len`` signatures and one counter per length, however long it runs. Raises ``ValueError`` for
    options that no sequence could meet, or every one.
    """

    def __init__(self, repeats: int = 3, max_cycle_len: int = 3) -> None:
        self._repeats = _check_option("repeats", repeats, 2, 2**53 - 1)
        self._max_cycle_len = _check_option("max_cycle_len", max_cycle_len, 1, _LONGEST_CYCLE)
        self._recent: List[str] = []
        # Per period: how many signatures in a row, up to the newest, equal the one a period before.
        self._runs = [0] * max_cycle_len

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "LoopDetector":
        """Goes on from what :meth:`state` gave, of this language or the other. Raises ``ValueError`` if it is none."""
        try:
            detector = cls(state["repeats"], state["maxCycleLen"])
            recent, runs = list(state["recent"]), list(state["runs"])
        except (KeyError, TypeError, AttributeError) as cause:
            raise ValueError("this is not the state of a loop detector") from cause
        longest = detector._max_cycle_len
        are_counts = all(isinstance(run, int) and not isinstance(run, bool) and run >= 0 for run in runs)
        are_signatures = all(isinstance(each, str) for each in recent)
        if len(recent) > longest or len(runs) != longest or not are_counts or not are_signatures:
            raise ValueError("this is not the state of a loop detector")
        detector._recent, detector._runs = recent, runs
        return detector

    def record(self, signature: str) -> Optional[LoopMatch]:
        """Takes in the next act.

        Answers a match as long as the acts up to this one are a loop, the shortest block if several fit, else ``None``.
        Raises ``TypeError`` if the signature is no string; nothing is recorded then.
        """
        if not isinstance(signature, str):
            raise TypeError(f"a signature is a string, not {type(signature).__name__}")
        self._push(signature)
        for period, run in enumerate(self._runs, start=1):
            repeats = run // period + 1
            if repeats >= self._repeats:
                return LoopMatch(repeats, tuple(self._recent[-period:]))
        return None

    def reset(self) -> None:
        """Forgets all acts, as after a new message from a person."""
        self._recent = []
        self._runs = [0] * self._max_cycle_len

    def state(self) -> Dict[str, Any]:
        """What has to be kept to go on later, as plain JSON."""
        return {
            "repeats": self._repeats,
            "maxCycleLen": self._max_cycle_len,
            "recent": list(self._recent),
            "runs": list(self._runs),
        }

    def _push(self, signature: str) -> None:
        kept = len(self._recent)
        for period in range(1, self._max_cycle_len + 1):
            is_repeat = period <= kept and self._recent[-period] == signature
            self._runs[period - 1] = self._runs[period - 1] + 1 if is_repeat else 0
        self._recent.append(signature)
        if len(self._recent) > self._max_cycle_len:
            self._recent.pop(0)


def _check_option(name: str, value: int, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        span = f"from {least} to {most}" if most == _LONGEST_CYCLE else f"{least} or more"
        raise ValueError(f"{name} must be a whole number, {span}: {show(value)} is not")
    return value
