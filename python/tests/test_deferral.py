"""Calls that may wait: a job at the gateway, and its answer."""

import json
from typing import Any, List

import pytest

anthropic = pytest.importorskip("anthropic")

from odd_server import REFUSAL, OddServer  # noqa: E402

from runguard import (  # noqa: E402
    BudgetExceededError,
    DeferredCall,
    DeferredCallError,
    RunGuardError,
    cost,
    defer,
    deferred,
    guard,
)


def params(text: str, **more: Any) -> Any:
    return {
        "model": "claude-haiku-5-5",
        "max_tokens": 64_000,
        "messages": [{"role": "user", "content": text}],
        **more,
    }


def test_an_answer_comes_at_half_price_and_in_the_ledger(gateway_url: str, session_name: str, state_fact: Any) -> None:
    client = guard(gateway=gateway_url, session=session_name)
    call = defer(client, params("[[sim:say Later.]]"), within="6h")
    assert call.status() in ("waiting", "batched", "succeeded")
    message = call.result(timeout_sec=20)
    assert isinstance(message, anthropic.types.Message)
    assert (message.content[0].text, message.usage.service_tier) == ("Later.", "batch")
    assert call.status() == "succeeded" and not call.cancel()
    state_fact(session_name, spentNano=cost(message.usage, message.model).nano)


def test_the_same_key_is_the_same_call_in_whatever_process(gateway_url: str, session_name: str) -> None:
    client = guard(gateway=gateway_url)
    first = defer(client, params("once"), idempotency_key=session_name)
    assert defer(client, params("once"), idempotency_key=session_name).id == first.id
    assert defer(client, params("once")).id != first.id
    assert deferred(guard(gateway=gateway_url), first.id).result(timeout_sec=20).content[0].text == "You said: once"


def test_a_call_that_failed_or_is_not_known_is_an_error(gateway_url: str) -> None:
    client = guard(gateway=gateway_url)
    failing = defer(client, params("x", system=[{"type": "text", "text": ""}]))
    with pytest.raises(DeferredCallError) as caught:
        failing.result(timeout_sec=20)
    assert (caught.value.outcome, caught.value.type) == ("failed", "invalid_request_error")
    other = guard(anthropic.Anthropic(api_key="sk-ant-test-other"), gateway_url)
    for stranger in (deferred(client, "rg_none"), deferred(other, failing.id)):
        with pytest.raises(DeferredCallError) as caught:
            stranger.status()
        assert caught.value.outcome == "unknown"


def test_a_call_that_was_given_up_has_no_answer(gateway_url: str) -> None:
    call = defer(guard(gateway=gateway_url), params("x"), within="7d")
    if call.cancel():
        with pytest.raises(DeferredCallError) as caught:
            call.result(timeout_sec=5)
        assert caught.value.outcome == "canceled"


def test_waiting_pauses_longer_and_longer_and_ends_in_time() -> None:
    with OddServer() as odd:
        call = deferred(guard(gateway=odd.url), "rg_1")
        odd.health = b'{"status":"batched"}'
        pauses: List[float] = []
        with pytest.raises(TimeoutError, match="rg_1"):
            call.result(timeout_sec=100, sleep=pauses.append)
        assert 2 <= pauses[0] < pauses[2] < pauses[4] and sum(pauses) == pytest.approx(100)
        with pytest.raises(TimeoutError):
            call.result(timeout_sec=0, sleep=lambda _: pytest.fail("it waited"))


def test_what_a_budget_refuses_in_the_end_is_raised_as_everywhere() -> None:
    with OddServer() as odd:
        call = deferred(guard(gateway=odd.url), "rg_1")
        odd.health = json.dumps({"status": "failed", "error": REFUSAL["error"]}).encode()
        with pytest.raises(BudgetExceededError, match="No money"):
            call.result()
        odd.health = b'{"status":"interrupted","error":{"message":"The gateway ended meanwhile."}}'
        with pytest.raises(DeferredCallError, match="ended meanwhile") as caught:
            call.result()
        assert (caught.value.id, caught.value.outcome, caught.value.type) == ("rg_1", "interrupted", None)


def test_what_is_refused_is_refused_at_once(gateway_url: str, session_name: str, state_fact: Any) -> None:
    client = guard(gateway=gateway_url, session=session_name, project="poor")
    with pytest.raises(BudgetExceededError):
        defer(client, params("x"))
    state_fact(session_name, refusals=1, code="runguard_budget_exceeded")
    for wrong in ({"within": "soon"}, {"within": "1s"}):
        with pytest.raises(RunGuardError) as caught:
            defer(client, params("x"), **wrong)
        assert caught.value.code == "runguard_malformed_request"
    with pytest.raises(RunGuardError):
        defer(client, params("x", stream=True))


def test_a_call_that_may_wait_is_answered_at_once_until_a_budget_runs_low(gateway_url: str, session_name: str) -> None:
    client = guard(gateway=gateway_url, user=session_name)
    first = defer(client, params("now", max_tokens=500), when="degraded")
    assert (first.status(), first.cancel()) == ("succeeded", False)
    message = first.result()
    assert isinstance(message, anthropic.types.Message)
    assert (message.content[0].text, message.usage.service_tier) == ("You said: now", "standard")
    with pytest.raises(DeferredCallError):
        deferred(client, first.id).status()
    second = defer(client, params("later", max_tokens=500), when="degraded", idempotency_key=session_name)
    again = defer(client, params("later", max_tokens=500), when="degraded", idempotency_key=session_name)
    assert again.id == second.id
    assert second.result(timeout_sec=20).usage.service_tier == "batch"


def test_what_can_never_wait_is_refused_whatever_budgets_say(gateway_url: str) -> None:
    client = guard(gateway=gateway_url)
    for request, within in ((params("x", stream=True), "6h"), (params("x"), "soon")):
        with pytest.raises(RunGuardError) as caught:
            defer(client, request, within, when="degraded")
        assert caught.value.code == "runguard_malformed_request"
    with pytest.raises(ValueError, match="'always' or 'degraded'"):
        defer(client, params("x"), when="cheap")


def test_a_client_that_no_gateway_stands_behind_cannot_defer(gateway_url: str) -> None:
    for client in (anthropic.Anthropic(), guard(anthropic.AsyncAnthropic(), gateway_url), None):
        with pytest.raises(TypeError):
            defer(client, params("x"))


@pytest.mark.parametrize("wrong", ["", None, "..", "../health", "..%2Fhealth", "a b", "a/b", "rg_1\n", "rg_1?x", "x" * 65])
def test_what_is_no_id_asks_no_page(wrong: Any) -> None:
    with OddServer() as odd:
        client = guard(gateway=odd.url)
        for make in (deferred, DeferredCall):
            with pytest.raises(ValueError, match="id of a call"):
                make(client, wrong)
        call = deferred(client, "rg_1")
        call.id = wrong
        for ask in (call.status, call.cancel, call.result):
            with pytest.raises(ValueError, match="id of a call"):
                ask()
        odd.status, odd.body = 202, json.dumps({"id": wrong}).encode()
        with pytest.raises(ConnectionError, match="id of a job"):
            defer(client, params("x"))


def test_a_gateway_that_knows_no_waiting_is_named() -> None:
    with OddServer() as odd, pytest.raises(ConnectionError, match="older version"):
        defer(guard(gateway=odd.url), params("x"))
