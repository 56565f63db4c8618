"""Values as they come from outside: objects of any package, and numbers of any library, as Python's own."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, Mapping, Optional, Union

#: The most that a counter of the API can say.
MAX_COUNT = 1_000_000_000

#: White space as every part of RunGuard has it: Python's own has four characters more, and lacks one.
SPACES = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))

_MAX_NAME_LENGTH = 200
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RADIX = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")


def as_mapping(value: object) -> Mapping[str, Any]:
    """A JSON object, or an object with attributes as one; anything else is an empty object."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, type):
        return {}
    dump = getattr(value, "model_dump", None)
    found = _dump(dump) if callable(dump) else getattr(value, "__dict__", None)
    return found if isinstance(found, Mapping) else {}


def _dump(dump: Any) -> object:
    try:
        return dump(warnings=False)
    except (TypeError, ValueError):
        # The first generation of pydantic knows no such switch.
        return dump()


def nested_object(value: object) -> object:
    """What may be an object in an object; anything else as it is."""
    return as_mapping(value) or value


def read_number(value: object) -> Optional[Union[int, float]]:
    """A number as Python's own, from whatever library it is; ``None`` for what is none, truth values too."""
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        return None
    if isinstance(value, (int, float)):
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def is_count(value: object) -> bool:
    """True for what a counter of the API can be."""
    number = read_number(value)
    return number is not None and 0 <= number <= MAX_COUNT and number == math.floor(number)


def read_name(value: object) -> Optional[str]:
    """A name as sent, cut to a length that no real one has; ``None`` for anything else."""
    return value[:_MAX_NAME_LENGTH] if isinstance(value, str) and value else None


def amount_of(value: object) -> float:
    """The number that a value means, 0 if it means none."""
    number = read_number(value)
    if number is not None:
        return number
    if not isinstance(value, str) or len(value) >= 40:
        return 0
    text = value.strip(SPACES)
    if text in ("Infinity", "+Infinity"):
        return math.inf
    if _RADIX.fullmatch(text):
        return int(text, 0)
    return float(text) if _DECIMAL.fullmatch(text) else 0
