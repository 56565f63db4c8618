"""Refusals as exceptions: one family, with the codes and facts that the gateway sends."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Type, Union

from ._data import load_table
from .checks import check, check_mapping, check_number, check_optional, hint, show
from .loops import LoopMatch
from .values import SPACES

#: Facts about a refusal, as they travel: snake case, amounts as exact decimal dollars in strings, times in ISO 8601.
Details = Mapping[str, Union[str, int, float, bool, None]]


class RunGuardError(Exception):
    """A call was refused, or could not be made. The root of the family.

    Raises ``ValueError`` for a code that this version does not know, ``TypeError`` for other arguments that are none.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: Optional[Details] = None,
        retry_after_sec: Optional[float] = None,
        request_id: Optional[str] = None,
        response: Any = None,
    ) -> None:
        if not is_refusal_code(code):
            raise ValueError(f"{show(code)} is no code of a refusal{hint(code, load_table('codes')['codes'])}")
        check("message", message, isinstance(message, str), "a text")
        check_optional(check_mapping, "details", details)
        check_optional(check_number, "retry_after_sec", retry_after_sec)
        is_id = request_id is None or isinstance(request_id, str)
        check("request_id", request_id, is_id, "a text")
        super().__init__(message)
        self.message = message
        #: Stable, for machines: ``runguard_budget_exceeded`` and others.
        self.code = code
        #: Facts about the refusal.
        self.details: Dict[str, Union[str, int, float, bool, None]] = dict(details or {})
        #: Seconds after which the same call may succeed; ``None`` if waiting does not help.
        self.retry_after_sec = retry_after_sec
        #: RunGuard's id of the call, under which it is recorded.
        self.request_id = request_id
        #: The answer as the HTTP client got it; ``None`` where nothing was sent.
        self.response = response

    def to_dict(self) -> Dict[str, Any]:
        """For logs: everything but the answer."""
        return {
            "name": type(self).__name__,
            "code": self.code,
            "message": self.message,
            "details": self.details,
            "retry_after_sec": self.retry_after_sec,
            "request_id": self.request_id,
        }

    def __reduce__(self) -> Any:
        # An answer holds sockets: it stays behind when the error goes to another process.
        return _revive, (type(self), self.args), {**self.__dict__, "response": None}


class _CodedError(RunGuardError):
    """An error whose class says its code."""

    fixed_code = ""

    def __init__(self, message: str, **rest: Any) -> None:
        super().__init__(self.fixed_code, message, **rest)


class BudgetExceededError(_CodedError):
    """The call costs more than a budget has left."""

    fixed_code = "runguard_budget_exceeded"

    @property
    def scope(self) -> Optional[str]:
        """Whose budget: ``session:abc``; ``None`` if that is not said."""
        scope = self.details.get("scope")
        return scope if isinstance(scope, str) else None

    @property
    def limit_usd(self) -> Optional[float]:
        """Of the budget, in dollars."""
        return self._dollars("limit_usd")

    @property
    def spent_usd(self) -> Optional[float]:
        """So far, in dollars."""
        return self._dollars("spent_usd")

    @property
    def held_usd(self) -> Optional[float]:
        """Set aside for calls that run, in dollars."""
        return self._dollars("held_usd")

    def _dollars(self, name: str) -> Optional[float]:
        value = self.details.get(name)
        return _number(value) if isinstance(value, str) else None


class LoopDetectedError(_CodedError):
    """An agent goes round in circles. ``match`` is what repeats itself; ``None`` if that is not said."""

    fixed_code = "runguard_loop_detected"

    def __init__(self, message: str, *, match: Optional[LoopMatch] = None, **rest: Any) -> None:
        details = rest.pop("details", None)
        check("match", match, match is None or isinstance(match, LoopMatch), "a LoopMatch")
        check_optional(check_mapping, "details", details)
        details = dict(details or {})
        if match is not None:
            details.update(loop_details(match))
        super().__init__(message, details=details, **rest)
        self.match = read_loop_details(self.details)


class BreakerOpenError(_CodedError):
    """The breaker of a scope is open: something went wrong there before."""

    fixed_code = "runguard_breaker_open"


class UnpricedModelError(_CodedError):
    """The model has no price, and such calls are to be refused."""

    fixed_code = "runguard_unpriced_model"


class GatewayUnreachableError(ConnectionError):
    """No RunGuard gateway answers at the address."""


#: So deep are errors wrapped by those who pass them on.
_MAX_DEPTH = 8
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

_CLASSES: Mapping[str, Callable[..., RunGuardError]] = {
    each.fixed_code: each for each in (BudgetExceededError, LoopDetectedError, BreakerOpenError, UnpricedModelError)
}


def is_refusal_code(code: object) -> bool:
    """True for the codes that this version knows."""
    return isinstance(code, str) and code in load_table("codes")["codes"]


def make_error(code: str, message: str, **rest: Any) -> RunGuardError:
    """The error of the family that a code stands for."""
    known = _CLASSES.get(code)
    return RunGuardError(code, message, **rest) if known is None else known(message, **rest)


def error_from_wire(status: int, headers: Optional[Mapping[str, str]], body: object) -> Optional[RunGuardError]:
    """The error that an answer tells of.

    ``headers`` have names in lower case, or ignore case; ``body`` is text, or parsed. ``None`` if RunGuard did not
    refuse that call, or did so for a reason that this version does not know. Never raises.
    """
    if not isinstance(status, int) or status < 400:
        return None
    answer = _object(_parse(body) if isinstance(body, (str, bytes)) else body)
    error = _object(answer.get("error"))
    facts = dict(_object(error.get("details")))
    code, message = facts.pop("error_code", None), error.get("message")
    if not isinstance(code, str) or not is_refusal_code(code) or not isinstance(message, str):
        return None
    details = {name: value for name, value in facts.items() if value is None or isinstance(value, (str, int, float))}
    request_id = answer.get("request_id")
    return make_error(
        code,
        message,
        details=details,
        retry_after_sec=_number(_object(headers).get("retry-after")),
        request_id=request_id if isinstance(request_id, str) and request_id else None,
    )


def error_from_api_error(error: BaseException) -> Optional[RunGuardError]:
    """What the official client raised, as an error of the family; ``None`` if there is no refusal of RunGuard in it.

    Whoever passes on another's error with ``raise ... from`` is seen through.
    """
    at: Optional[BaseException] = error
    for _ in range(_MAX_DEPTH):
        if isinstance(at, RunGuardError):
            return at
        if not isinstance(at, BaseException):
            return None
        found = _read_raised(at)
        if found is not None:
            return found
        at = at.__cause__
    return None


def _read_raised(error: BaseException) -> Optional[RunGuardError]:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if not isinstance(status, int):
        return None
    found = error_from_wire(status, getattr(response, "headers", {}), getattr(error, "body", None))
    if found is not None:
        found.response = response
    return found


def loop_details(match: LoopMatch) -> Dict[str, Union[str, int]]:
    """A loop as facts of a refusal: how often, and the signatures as JSON."""
    cycle = json.dumps(list(match.cycle), ensure_ascii=False, separators=(",", ":"))
    return {"repeats": match.repeats, "cycle_length": match.cycle_length, "cycle": cycle}


def read_loop_details(details: Details) -> Optional[LoopMatch]:
    """The loop that a refusal speaks of; ``None`` if it tells of none."""
    repeats, cycle = details.get("repeats"), details.get("cycle")
    if not isinstance(repeats, int) or isinstance(repeats, bool) or not isinstance(cycle, str):
        return None
    signatures = _parse(cycle)
    if not isinstance(signatures, list) or not all(isinstance(each, str) for each in signatures):
        return None
    return LoopMatch(repeats, tuple(signatures))


def _revive(kind: Type[RunGuardError], args: Tuple[Any, ...]) -> RunGuardError:
    """An error as it was put aside, of whatever class: what it has comes back with its state."""
    return kind.__new__(kind, *args)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _parse(text: Union[str, bytes]) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(text: object) -> Optional[float]:
    """The finite number that a text begins with; whole ones as ``int``."""
    found = _NUMBER.match(text.lstrip(SPACES)) if isinstance(text, str) else None
    value = float(found.group()) if found else math.inf
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value
