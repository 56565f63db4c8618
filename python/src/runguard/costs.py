"""Cost: usage times price, with its lines. Every line is exact; only their sum is rounded, once, up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple

from .checks import check_optional, check_text
from .errors import UnpricedModelError
from .money import MAX_NANO, NANO_PER_USD, PICO_PER_NANO, nano_from_pico
from .prices import Quote, When, find_price, milliseconds, pico_per_web_search, price_version, quote_price
from .usage import TokenCounts, Usage, UsageContext, UsagePart, find_usage, read_usage
from .values import read_number

_ITEMS = ("input", "write5m", "write1h", "read", "output")
_BASES = ("list", "override", "dearest-of-line", "dearest-of-all", "flat")
_NO_SURCHARGE = (None, "", "global", "not_available")
# No fast mode that is known costs more, as a multiple of its base.
_UNKNOWN_FAST_PERCENT = 600
_MAX_TOKENS = 1_000_000_000


@dataclass(frozen=True)
class CostLine:
    """One line of a bill: ``quantity x pico_each x multipliers = pico``, exactly."""

    part: int
    """Index of the part in the usage; -1 for lines of the whole call."""
    model: Optional[str]
    priced_as: Optional[str]
    """The model whose price was used."""
    item: str
    """``input``, ``write5m``, ``write1h``, ``read``, ``output`` or ``web-search``."""
    quantity: int
    pico_each: int
    """The listed price of one, in pico-dollars."""
    card: str
    multipliers: Tuple[Tuple[str, int], ...]
    """Names and percentages, only those that are not 100 %."""
    pico: int


@dataclass(frozen=True)
class Cost:
    """What a call cost."""

    nano: int
    """Whole nano-dollars, rounded up: what the ledger of a gateway writes down for the same call."""
    pico: int
    """The exact sum of the lines, in pico-dollars."""
    lines: Tuple[CostLine, ...]
    basis: str
    """The least certain origin of its prices: ``list``, ``dearest-of-line``, ``dearest-of-all`` or ``flat``."""
    assumptions: Tuple[str, ...]
    """What the price list does not say and was assumed, each time to the dearer side."""
    problems: Tuple[str, ...]
    """What cannot be right about the usage."""
    price_version: str

    @property
    def usd(self) -> float:
        """Dollars, for people; add up ``nano`` instead."""
        return self.nano / NANO_PER_USD

    @property
    def is_estimated(self) -> bool:
        """True if anything was assumed, of the prices or of the usage."""
        return bool(self.assumptions or self.problems)


def cost(
    usage: object,
    model: str,
    at: Optional[When] = None,
    *,
    requested_model: Optional[str] = None,
    requested_ttl: Optional[str] = None,
    unknown_model: str = "dearest",
) -> Cost:
    """What a call cost, from the ``usage`` that the API reported: a mapping, ``message.usage``, or the whole message.

    ``model`` is the model that answered; ``at`` is when (now by default), because prices are dated. The money is
    spent, so a model without a price is charged all the same: as the dearest of its line, or flat with
    ``unknown_model="flag"``. Never raises for what a usage may say; raises ``ValueError`` if ``at`` is no time, and
    ``TypeError`` if the model is no text.
    """
    if unknown_model not in ("dearest", "flag"):
        raise ValueError(f"unknown_model is 'dearest' or 'flag', not {unknown_model!r}")
    if not isinstance(model, str):
        raise TypeError(f"model is the id of the model that answered, not {type(model).__name__}")
    check_optional(check_text, "requested_model", requested_model)
    check_optional(check_text, "requested_ttl", requested_ttl)
    read = read_usage(find_usage(usage), UsageContext(model, requested_model, requested_ttl))
    return cost_of(read, milliseconds(at), unknown_model)


def estimate_cost(model: str, input_tokens: float, output_tokens: float, *, at: Optional[When] = None) -> float:
    """The list price of a call in dollars: uncached input and output, by the prices of today (or of ``at``).

    Raises ``UnpricedModelError`` for a model that has no price, and ``ValueError`` for what is no number of tokens.
    """
    at_ms = milliseconds(at)
    counts = TokenCounts(
        input=_check_tokens("input_tokens", input_tokens), output=_check_tokens("output_tokens", output_tokens)
    )
    if find_price(model, at_ms) is None:
        raise UnpricedModelError(f"There is no price for the model {str(model)[:100]!r}: write its exact id.")
    return cost_of(_plain_usage(model, counts), at_ms).usd


def likely_nano(model: str, counts: TokenCounts, at_ms: float) -> int:
    """What tokens of a model will cost, in nano-dollars; a model without a price as the dearest of its line."""
    return cost_of(_plain_usage(model, counts), at_ms).nano


def cost_of(usage: Usage, at_ms: float, policy: str = "dearest") -> Cost:
    """The cost of a usage that was read, at a time in milliseconds since the epoch."""
    lines: List[CostLine] = []
    assumed: Dict[str, None] = {}
    basis = "list"
    for index, part in enumerate(usage.parts):
        quote = quote_price(part.model, at_ms, policy)
        lines.extend(_part_lines(index, part, quote, usage, assumed))
        basis = max(basis, quote.basis, key=_BASES.index)
    if usage.web_searches > 0:
        lines.append(_search_line(usage.web_searches))
    if basis not in ("list", "override"):
        assumed["unknown-model"] = None
    pico = sum(line.pico for line in lines)
    if pico > MAX_NANO * PICO_PER_NANO:
        assumed["capped"] = None
    nano = min(MAX_NANO, nano_from_pico(pico))
    return Cost(nano, pico, tuple(lines), basis, tuple(assumed), usage.problems, price_version())


def _plain_usage(model: str, counts: TokenCounts) -> Usage:
    return Usage((UsagePart("message", model, counts),), 0, "standard", None, "standard", ())


def _part_lines(index: int, part: UsagePart, quote: Quote, usage: Usage, assumed: Dict[str, None]) -> List[CostLine]:
    name, card = _choose_card(part, quote, usage)
    multipliers = _multipliers(quote, usage, name, assumed)
    lines = []
    for item in _ITEMS:
        quantity: int = getattr(part.counts, item)
        if quantity > 0:
            pico = quantity * _scale(card[item], multipliers)
            lines.append(
                CostLine(index, part.model, quote.priced_as, item, quantity, card[item], name, multipliers, pico)
            )
    return lines


def _choose_card(part: UsagePart, quote: Quote, usage: Usage) -> Tuple[str, Mapping[str, int]]:
    price = quote.price
    if usage.speed == "fast" and price["fast"] is not None:
        return "fast", price["fast"]
    if price["long"] is not None and part.counts.prompt > price["long"]["abovePromptTokens"]:
        return "long", price["long"]["card"]
    return "base", price["base"]


def _multipliers(quote: Quote, usage: Usage, card: str, assumed: Dict[str, None]) -> Tuple[Tuple[str, int], ...]:
    found = []
    if usage.speed == "fast" and card != "fast":
        assumed["no-fast-card"] = None
        found.append(("fast", _UNKNOWN_FAST_PERCENT))
    if usage.geo not in _NO_SURCHARGE:
        # A geography that the list does not know is charged like `us`.
        if usage.geo != "us":
            assumed["unknown-geo"] = None
        found.append(("geo", quote.geo_percent))
    if usage.tier == "batch":
        found.append(("batch", quote.price["batchPercent"]))
    return tuple(each for each in found if each[1] != 100)


def _scale(pico: int, multipliers: Tuple[Tuple[str, int], ...]) -> int:
    """Whole by construction: the price list takes no price that would not stay whole."""
    product, divisor = pico, 1
    for _, percent in multipliers:
        product *= percent
        divisor *= 100
    return product // divisor


def _search_line(quantity: int) -> CostLine:
    """Searches are a fee per call: no geography, speed or batch changes it."""
    each = pico_per_web_search()
    return CostLine(-1, None, None, "web-search", quantity, each, "fee", (), quantity * each)


def _check_tokens(name: str, tokens: float) -> int:
    number = read_number(tokens)
    if number is None or not 0 <= number <= _MAX_TOKENS:
        raise ValueError(f"{name} is not a number of tokens: {tokens!r}")
    return math.ceil(number)
