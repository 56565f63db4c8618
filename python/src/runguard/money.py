"""Money: whole nano-dollars for amounts, whole pico-dollars for prices. Nothing here computes with fractions."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Union

from .values import SPACES

NANO_PER_USD = 1_000_000_000
PICO_PER_NANO = 1_000
#: The largest amount, in nano-dollars: about nine million dollars, what every other part of RunGuard can hold.
MAX_NANO = 2**53 - 1

_NANO_DECIMALS = 9
_AMOUNT = re.compile(r"\$?[" + SPACES + r"]?([0-9]{1,16})(?:\.([0-9]+))?")


def nano_from_pico(pico: int) -> int:
    """Pico-dollars (>= 0) to nano-dollars, rounded up: the one rounding of a call, always in favour of the budget."""
    return -(-pico // PICO_PER_NANO)


#: Dollars as people write them.
Dollars = Union[str, int, float, Decimal]


def parse_usd(amount: Dollars) -> int:
    """Reads what a person wrote, ``"$20"``, ``"0.05"`` or ``20``, as nano-dollars. Exact, never rounded.

    Raises ``ValueError`` for what is negative, no plain decimal number, finer than a nano-dollar, or too large.
    """
    match = _AMOUNT.fullmatch(_plain_text(amount))
    if match is None:
        raise ValueError(f"not an amount in dollars: {amount!r} (write '$20' or '0.05')")
    dollars, fraction = match.group(1), match.group(2) or ""
    if len(fraction) > _NANO_DECIMALS:
        raise ValueError(f"finer than a billionth of a dollar: {amount!r}")
    nano = int(dollars + fraction.ljust(_NANO_DECIMALS, "0"))
    if nano > MAX_NANO:
        raise ValueError(f"more dollars than can be counted exactly: {amount!r}")
    return nano


def read_dollars(name: str, amount: Dollars) -> int:
    """Dollars as somebody wrote them, or a sum of them, as nano-dollars.

    A sum of binary fractions is a hair off (``0.1 + 0.2``); nobody means more than a nano-dollar. Raises
    ``ValueError``, with the name, for what is no amount.
    """
    if isinstance(amount, (str, Decimal)):
        return parse_usd(amount)
    is_amount = isinstance(amount, (int, float)) and not isinstance(amount, bool)
    if not is_amount or not 0 <= amount <= MAX_NANO / NANO_PER_USD:
        raise ValueError(f"{name} is no amount in dollars: {amount!r}")
    return round(Decimal(amount) * NANO_PER_USD)


def decimal_usd(nano: int) -> str:
    """An amount for machines: the exact number of dollars without trailing zeros (``12.340000001``, ``20``)."""
    dollars, nanos = divmod(abs(nano), NANO_PER_USD)
    fraction = str(nanos).rjust(_NANO_DECIMALS, "0").rstrip("0")
    return f"{'-' if nano < 0 else ''}{dollars}{'.' + fraction if fraction else ''}"


def format_usd(nano: int) -> str:
    """An amount for people: ``$12.34`` from a dollar up, ``$0.0131`` below, more decimals for what is tiny."""
    amount = abs(nano)
    unit = 10 ** (_NANO_DECIMALS - (2 if amount >= NANO_PER_USD else _small_decimals(amount)))
    rounded = (2 * amount + unit) // (2 * unit) * unit
    dollars, _, fraction = decimal_usd(rounded).partition(".")
    shown = fraction.ljust(2 if len(fraction) <= 2 else 4, "0")
    return f"{'-' if nano < 0 else ''}${int(dollars):,}.{shown}"


def _small_decimals(nano: int) -> int:
    """Four decimals, or as many as it takes to show two significant digits."""
    return min(_NANO_DECIMALS, max(4, _NANO_DECIMALS - len(str(nano)) + 2))


def _plain_text(amount: Dollars) -> str:
    """A number as a person would write it: ``repr`` turns small and large ones into ``1e-07``."""
    if isinstance(amount, str):
        return amount.strip(SPACES)
    if isinstance(amount, bool) or not isinstance(amount, (int, float, Decimal)):
        return ""
    exact = Decimal(repr(amount) if isinstance(amount, float) else amount)
    if not exact.is_finite() or exact > MAX_NANO:
        return ""
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
