"""Errors on their way: to another process, through another package, out of another's answer."""

import copy
import pickle
from typing import Any

import pytest

from runguard import (
    AgentStoppedError,
    BatchInputError,
    BatchSubmitError,
    BudgetExceededError,
    DeferredCallError,
    GatewayUnreachableError,
    LoopDetectedError,
    LoopMatch,
    RunGuardError,
    error_from_api_error,
    error_from_wire,
)


class OwnBudgetError(BudgetExceededError):
    """As a program may make it of ours."""

    team = "none"


def own_error() -> OwnBudgetError:
    error = OwnBudgetError("No money.", details={"scope": "user:ann"}, retry_after_sec=3)
    error.team = "web"
    return error


@pytest.mark.parametrize(
    "error",
    [
        RunGuardError("runguard_key_required", "No key.", details={"a": 1}, request_id="rg_1"),
        LoopDetectedError("Again.", match=LoopMatch(3, ("a", "b"))),
        own_error(),
        BatchInputError(3, "has no custom_id"),
        BatchSubmitError("batch_1,batch_2"),
        AgentStoppedError("it gave no reason", None),
        DeferredCallError("rg_1", "failed", "not_found_error", "No such model."),
        GatewayUnreachableError("Nobody."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_out_of_another_process_as_it_went_in(error: Exception) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert (type(other), str(other), vars(other)) == (type(error), str(error), vars(error))


def answer(code: str) -> Any:
    return {"error": {"message": "No.", "details": {"error_code": code}}}


class Answered(Exception):
    """As the official client's errors look."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.body = answer(code)
        self.response = type("Response", (), {"status_code": 402, "headers": {}})()


def test_a_refusal_is_found_behind_the_errors_of_those_who_passed_it_on() -> None:
    outer = KeyError("outer")
    outer.__cause__ = ValueError("inner")
    outer.__cause__.__cause__ = Answered("runguard_budget_exceeded")
    assert isinstance(error_from_api_error(outer), BudgetExceededError)
    unrelated = KeyError("raised while another was handled")
    unrelated.__context__ = Answered("runguard_budget_exceeded")
    assert error_from_api_error(unrelated) is None
    round_trip = KeyError("its own cause")
    round_trip.__cause__ = round_trip
    assert error_from_api_error(round_trip) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("0.5", 0.5), ("1_000", 1), (" 7 s", 7), ("٣", None), ("soon", None), ("1e999", None), ("inf", None)],
)
def test_a_time_to_wait_is_read_as_in_the_other_language(text: str, seconds: Any) -> None:
    error = error_from_wire(402, {"retry-after": text}, answer("runguard_budget_exceeded"))
    assert error is not None and error.retry_after_sec == seconds


def test_an_answer_without_headers_is_read_all_the_same() -> None:
    assert error_from_wire(402, None, answer("runguard_breaker_open")) is not None


@pytest.mark.parametrize("code", ["runguard_key_required", "runguard_key_refused"])
def test_a_missing_or_wrong_key_is_told_by_its_code(code: str) -> None:
    error = error_from_wire(401, {}, answer(code))
    assert type(error) is RunGuardError and error.code == code
