"""The price book: which price is in force for a model on a day.

A model is found by its exact id or a declared alias, never by a prefix: prefix matching is how a new model gets billed
as an old one. Prices are whole pico-dollars per token.
"""

from __future__ import annotations

from datetime import date, datetime, timezone
from functools import lru_cache
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Union

from ._data import load_table

#: A moment: a ``datetime`` (without a zone: UTC), a ``date`` (its first instant, UTC), or seconds since the epoch.
When = Union[datetime, date, int, float]

_LINES = ("opus", "sonnet", "haiku", "fable", "mythos")
_US_GEO_PERCENT = 110
# What Anthropic's own gateway charges for a model it does not know.
_FALLBACK: Mapping[str, Any] = {
    "base": {"input": 5_000_000, "write5m": 6_250_000, "write1h": 10_000_000, "read": 500_000, "output": 25_000_000},
    "long": None,
    "fast": None,
    "batchPercent": 50,
}


class Quote(NamedTuple):
    """The price to charge for a model."""

    priced_as: Optional[str]
    """Whose price it is: the canonical id, or another model's where it is a guess; ``None`` for the flat one."""
    price: Mapping[str, Any]
    geo_percent: int
    basis: str
    """``list``, or a guess: ``dearest-of-line``, ``dearest-of-all``, ``flat``."""


def price_version() -> str:
    """The version of the price book: the day of its data, and a fingerprint."""
    return str(load_table("prices")["version"])


def pico_per_web_search() -> int:
    """What one web search costs, in pico-dollars."""
    return int(load_table("prices")["picoPerWebSearch"])


def find_price(model: str, at_ms: float) -> Optional[Mapping[str, Any]]:
    """The price in force at that time; before its first day, the first price. ``None`` if the model has none."""
    known = _by_name().get(model) if isinstance(model, str) else None
    return None if known is None else _price_at(known["prices"], at_ms)


def quote_price(model: str, at_ms: float, policy: str = "dearest") -> Quote:
    """The price of a model at a time, whatever it is.

    One without a price is charged as the ``dearest`` current model of its line (of all, if its name tells no line), or,
    under ``flag``, at the price that Anthropic's own gateway assumes. Never free.
    """
    known = _by_name().get(model)
    price = None if known is None else _price_at(known["prices"], at_ms)
    if known is not None and price is not None:
        return Quote(known["id"], price, known["geoPercent"], str(price["basis"]))
    if policy == "flag":
        return Quote(None, _FALLBACK, _US_GEO_PERCENT, "flat")
    line = next((each for each in _LINES if each in model.lower()), None)
    if line is not None:
        of_line = _dearest(at_ms, lambda each: bool(each["line"] == line), "dearest-of-line")
        if of_line is not None:
            return of_line
    return _dearest(at_ms, lambda _: True, "dearest-of-all") or Quote(None, _FALLBACK, _US_GEO_PERCENT, "flat")


def milliseconds(at: Optional[When]) -> float:
    """A moment in milliseconds since the epoch; ``None`` is now. Raises ``ValueError`` for what is no time."""
    if at is None:
        return datetime.now(timezone.utc).timestamp() * 1_000
    if isinstance(at, date):
        moment = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=timezone.utc)
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() * 1_000
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not abs(at) <= 1e11:
        raise ValueError(f"at is no time: {at!r} (give a datetime, a date, or seconds since the epoch)")
    return at * 1_000


@lru_cache(maxsize=None)
def _by_name() -> Dict[str, Mapping[str, Any]]:
    models: List[Mapping[str, Any]] = load_table("prices")["models"]
    return {name: model for model in models for name in (model["id"], *model["aliases"])}


def _price_at(prices: List[Mapping[str, Any]], at_ms: float) -> Optional[Mapping[str, Any]]:
    if not prices:
        return None
    return next((price for price in reversed(prices) if price["fromMs"] <= at_ms), prices[0])


def _dearest(at_ms: float, is_wanted: Callable[[Mapping[str, Any]], bool], basis: str) -> Optional[Quote]:
    """The dearest base card among the models that were not retired at that time."""
    found: Optional[Quote] = None
    highest = -1
    for model in load_table("prices")["models"]:
        is_retired = model["retiresMs"] is not None and model["retiresMs"] <= at_ms
        price = None if is_retired or not is_wanted(model) else _price_at(model["prices"], at_ms)
        # Cards of one line keep their proportions, so that the sum of the classes ranks them.
        if price is not None and sum(price["base"].values()) > highest:
            highest = sum(price["base"].values())
            found = Quote(model["id"], price, _US_GEO_PERCENT, basis)
    return found
