"""Reading the ``usage`` of a response: tokens by billing class.

It comes from outside, so every value in it may be anything. What cannot be a count never becomes a negative bill or a
free call, and is named as a problem; wherever there is one, the reading errs on the dear side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .values import MAX_COUNT, amount_of, as_mapping, is_count, nested_object, read_name

_MAX_SEARCHES = 100_000
_MAX_PARTS = 256


@dataclass(frozen=True)
class TokenCounts:
    """Tokens by billing class; whole numbers >= 0."""

    input: int = 0
    """Uncached: neither read from nor written to the cache."""
    write5m: int = 0
    write1h: int = 0
    read: int = 0
    output: int = 0

    @property
    def prompt(self) -> int:
        """All input-side tokens."""
        return self.input + self.write5m + self.write1h + self.read

    def plus(self, other: "TokenCounts") -> "TokenCounts":
        """Class by class."""
        return TokenCounts(
            self.input + other.input,
            self.write5m + other.write5m,
            self.write1h + other.write1h,
            self.read + other.read,
            self.output + other.output,
        )


@dataclass(frozen=True)
class UsagePart:
    """One billed piece of a call: usually the only one; several where the API lists ``iterations``."""

    kind: str
    model: str
    counts: TokenCounts


@dataclass(frozen=True)
class Usage:
    """What a call used."""

    parts: Tuple[UsagePart, ...]
    web_searches: int
    speed: str
    geo: Optional[str]
    tier: str
    problems: Tuple[str, ...]
    """What cannot be right about it; with any, the cost is an estimate."""

    @property
    def counts(self) -> TokenCounts:
        """The tokens of all parts, by class."""
        total = TokenCounts()
        for part in self.parts:
            total = total.plus(part.counts)
        return total


@dataclass(frozen=True)
class UsageContext:
    """What a response does not say about itself."""

    model: str
    """The model that answered."""
    requested_model: Optional[str] = None
    """The model that was asked for; it ran what names no model of its own."""
    requested_ttl: Optional[str] = None
    """``5m`` or ``1h`` if all cache markers of the request agree; decides writes that are not split."""


def read_usage(raw: object, context: UsageContext) -> Usage:
    """Reads a usage as the API sent it, a mapping or an object of the official package. Never raises."""
    source = as_mapping(raw)
    problems: Dict[str, None] = {}
    total = _read_counts(source, context, problems)
    parts = _read_parts(source, total, context, problems)
    given = [is_count(source.get(name)) for name in ("input_tokens", "output_tokens")]
    is_empty = all(part.counts.prompt + part.counts.output == 0 for part in parts)
    if not any(given) and is_empty:
        problems["missing"] = None
    elif not all(given) and "bad-count" not in problems and len(parts) == 1:
        problems["missing-count"] = None
    searches = _read_searches(source, problems)
    speed = _read_speed(source.get("speed"), problems)
    tier = _read_tier(source.get("service_tier"), problems)
    return Usage(tuple(parts), searches, speed, read_name(source.get("inference_geo")), tier, tuple(problems))


def find_usage(response: object) -> Mapping[str, Any]:
    """The usage in what somebody gave: a message of the API, or the usage itself."""
    whole = as_mapping(response)
    is_usage = "input_tokens" in whole or "output_tokens" in whole
    return whole if is_usage or "usage" not in whole else as_mapping(whole["usage"])


def _read_parts(
    source: Mapping[str, Any], total: TokenCounts, context: UsageContext, problems: Dict[str, None]
) -> List[UsagePart]:
    iterations = source.get("iterations")
    if iterations is not None and not isinstance(iterations, list):
        problems["bad-iterations"] = None
    if not isinstance(iterations, list) or not iterations:
        return [UsagePart("message", context.model, total)]
    parts = _read_iterations(iterations, context, problems)
    # The call's own counters leave out compactions and advice: those are billed on top.
    billed = TokenCounts()
    for part in parts:
        if part.kind not in ("compaction", "advisor_message"):
            billed = billed.plus(part.counts)
    rest = _subtract(total, billed)
    if rest == TokenCounts():
        return parts
    problems["short-iterations"] = None
    return [*parts, UsagePart("message", context.model, rest)]


def _read_iterations(iterations: List[object], context: UsageContext, problems: Dict[str, None]) -> List[UsagePart]:
    unnamed = _model_of_unnamed(iterations, context)
    parts: List[UsagePart] = []
    folded = TokenCounts()
    for each in iterations:
        entry = nested_object(each)
        if not isinstance(entry, Mapping):
            problems["bad-iterations"] = None
            continue
        counts = _read_counts(entry, context, problems)
        if len(parts) < _MAX_PARTS:
            kind = read_name(entry.get("type")) or "message"
            parts.append(UsagePart(kind, read_name(entry.get("model")) or unnamed, counts))
        else:
            folded = _cap(folded.plus(counts))
    if any(_is_silent_attempt(part, after) for part, after in zip(parts, parts[1:])):
        problems["free-attempt"] = None
    if len(iterations) <= _MAX_PARTS:
        return parts
    problems["bad-iterations"] = None
    return [*parts, UsagePart("message", unnamed, folded)]


def _model_of_unnamed(iterations: List[object], context: UsageContext) -> str:
    """What names no model ran on the one that was asked for; after a fallback that is not the one that answered."""
    for entry in iterations:
        if isinstance(entry, Mapping) and entry.get("type") == "message":
            name = read_name(entry.get("model"))
            if name is not None:
                return name
    return context.model if context.requested_model is None else context.requested_model


def _is_silent_attempt(part: UsagePart, after: UsagePart) -> bool:
    """An attempt without a word, followed by another model's: most are free. It is charged, and named."""
    return part.kind == "message" and part.counts.output == 0 and after.kind == "fallback_message"


def _subtract(total: TokenCounts, billed: TokenCounts) -> TokenCounts:
    """What the call's own counters have beyond the iterations. Writes are compared as a whole."""
    writes = total.write5m + total.write1h - billed.write5m - billed.write1h
    return TokenCounts(
        input=max(0, total.input - billed.input),
        write5m=max(0, writes),
        read=max(0, total.read - billed.read),
        output=max(0, total.output - billed.output),
    )


def _read_counts(source: Mapping[str, Any], context: UsageContext, problems: Dict[str, None]) -> TokenCounts:
    counts = TokenCounts(input=_read_count(source.get("input_tokens"), MAX_COUNT, problems))
    write5m, write1h = _split_writes(source, context, problems)
    read = _read_count(source.get("cache_read_input_tokens"), MAX_COUNT, problems)
    output = _read_count(source.get("output_tokens"), MAX_COUNT, problems)
    return replace(counts, write5m=write5m, write1h=write1h, read=read, output=output)


def _split_writes(source: Mapping[str, Any], context: UsageContext, problems: Dict[str, None]) -> Tuple[int, int]:
    """Cache writes for 5 minutes and for an hour. What the split leaves out of the total counts as 5 minutes."""
    total = _read_count(source.get("cache_creation_input_tokens"), MAX_COUNT, problems)
    split = nested_object(source.get("cache_creation"))
    is_hour = context.requested_ttl == "1h"
    if not isinstance(split, Mapping):
        if split is not None:
            problems["split-mismatch"] = None
        return (0, total) if is_hour else (total, 0)
    write5m = _read_count(split.get("ephemeral_5m_input_tokens"), MAX_COUNT, problems)
    write1h = _read_count(split.get("ephemeral_1h_input_tokens"), MAX_COUNT, problems)
    if is_count(source.get("cache_creation_input_tokens")) and write5m + write1h != total:
        problems["split-mismatch"] = None
    excess = max(0, total - write5m - write1h)
    # A split that says nothing is none: then the request decides.
    if is_hour and write5m + write1h == 0:
        return 0, excess
    return write5m + excess, write1h


def _read_searches(source: Mapping[str, Any], problems: Dict[str, None]) -> int:
    tools = nested_object(source.get("server_tool_use"))
    if tools is None:
        return 0
    if not isinstance(tools, Mapping):
        problems["bad-count"] = None
        return 0
    return _read_count(tools.get("web_search_requests"), _MAX_SEARCHES, problems)


def _read_count(value: object, most: int, problems: Dict[str, None]) -> int:
    """Any value as a count: what has an amount keeps it, rounded up and capped; what has none is 0."""
    if value is None:
        return 0
    amount = amount_of(value)
    if is_count(value) and amount <= most:
        return int(amount)
    problems["bad-count"] = None
    if not amount > 0:
        return 0
    return most if amount >= most else math.ceil(amount)


def _cap(counts: TokenCounts) -> TokenCounts:
    return TokenCounts(
        min(counts.input, MAX_COUNT),
        min(counts.write5m, MAX_COUNT),
        min(counts.write1h, MAX_COUNT),
        min(counts.read, MAX_COUNT),
        min(counts.output, MAX_COUNT),
    )


def _read_speed(value: object, problems: Dict[str, None]) -> str:
    if value is None or value == "standard":
        return "standard"
    if value != "fast":
        problems["unknown-speed"] = None
    return "fast"


def _read_tier(value: object, problems: Dict[str, None]) -> str:
    if value in ("batch", "priority"):
        return str(value)
    if value is not None and value != "standard":
        problems["unknown-tier"] = None
    return "standard"
