"""Arguments looked at before they are used: what fails inside of another package has no name there."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Callable, Iterable, Mapping, Optional

from .values import read_number


def check(name: str, value: object, fits: bool, words: str) -> None:
    """Raises ``TypeError`` for a value that does not fit, in ``words`` as they follow on ``max_tokens is``."""
    if not fits:
        raise TypeError(f"{name} is {words}, not {show(value)}")


def check_text(name: str, value: object) -> None:
    """Raises ``TypeError`` for what is no text, ``ValueError`` for one with half a character, which nobody can send."""
    check(name, value, isinstance(value, str), "a text")
    try:
        str(value).encode("utf-8")
    except UnicodeEncodeError as cause:
        raise ValueError(f"{name} has half a character in it, which cannot be sent") from cause


def check_count(name: str, value: object) -> None:
    """Raises ``ValueError`` for what is no whole number of at least 1, or more than any counter holds."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**53:
        raise ValueError(f"{name} must be a whole number, 1 or more: {show(value)} is not")


def check_number(name: str, value: object) -> None:
    """Raises ``TypeError`` for what is no number."""
    check(name, value, read_number(value) is not None, "a number")


def check_callable(name: str, value: object) -> None:
    """Raises ``TypeError`` for what cannot be called."""
    check(name, value, callable(value), "something that can be called")


def check_mapping(name: str, value: object) -> None:
    """Raises ``TypeError`` for what has no names with values."""
    check(name, value, isinstance(value, Mapping), "a dict")


def check_listed(name: str, value: object) -> None:
    """Raises ``TypeError`` for what is no list of dicts, or of the official package's objects."""
    is_list = isinstance(value, (list, tuple))
    check(name, value, is_list, "a list of dicts")
    for index, each in enumerate(value if isinstance(value, (list, tuple)) else ()):
        is_plain = each is None or isinstance(each, (str, bytes, int, float, list, tuple, set, type))
        check(f"{name}[{index}]", each, not is_plain and not callable(each), "a dict")


def check_system(name: str, value: object) -> None:
    """Raises as the two do for what is neither a text nor a list of content blocks."""
    if isinstance(value, str):
        check_text(name, value)
    else:
        check(name, value, isinstance(value, (list, tuple)), "a text or a list of content blocks")
        check_listed(name, value)


def check_optional(check_value: Callable[[str, Any], None], name: str, value: object) -> None:
    """``None`` stands for nothing at all."""
    if value is not None:
        check_value(name, value)


def hint(written: object, known: Iterable[str]) -> str:
    """The known name that was probably meant, as the end of a message; empty if there is none."""
    nearest = get_close_matches(written, list(known), 1) if isinstance(written, str) else []
    return f", did you mean {nearest[0]!r}?" if nearest else ""


def show(value: object) -> str:
    """What somebody passed, in a word or two: never so long that it hides the rest of a message."""
    if isinstance(value, str):
        return repr(value[:60])
    if value is None or isinstance(value, (bool, float)):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 10**20 else "a number that is too large"
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    return f"the class {kind}" if isinstance(value, type) else f"{_article(kind)} {kind}"


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" else "a"


def first_unknown(names: Iterable[object], known: Iterable[str]) -> Optional[object]:
    """The first name that nobody knows; ``None`` if all are known."""
    listed = list(known)
    return next((name for name in names if name not in listed), None)
