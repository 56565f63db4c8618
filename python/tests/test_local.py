"""What works without a gateway, a client or a network."""

from datetime import date, datetime, timezone
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

import runguard
from runguard import (
    LoopDetector,
    UnpricedModelError,
    check_cache_hit,
    cost,
    estimate_cost,
    guard,
    select_model,
    submit_batch_job,
    with_cache,
)
from runguard.batches import BatchInputError, BatchSubmitError, retrieve_batch_results
from runguard.gateway import account_headers, gateway_address, gateway_environment
from runguard.money import parse_usd, read_dollars

PROMISED = """
LoopDetector LoopDetectedError BudgetExceededError select_model TASK_MODEL_MAP estimate_cost check_cache_hit
call_with_caching submit_batch_job retrieve_batch_results OptimizedAgentSession guard cost with_cache BreakerOpenError
defer deferred
"""


def test_every_promised_name_is_there() -> None:
    assert [name for name in PROMISED.split() if not hasattr(runguard, name)] == []
    assert sorted(runguard.__all__) == sorted(set(runguard.__all__))


def test_list_prices_are_those_of_the_day() -> None:
    assert estimate_cost("claude-sonnet-5-5", 1_000_000, 100_000, at=date(2026, 11, 27)) == 3.0
    assert estimate_cost("claude-haiku-5-5", 100_001, 0, at=date(2026, 11, 27)) == pytest.approx(0.0500005)
    with pytest.raises(UnpricedModelError):
        estimate_cost("claude-unheard-of", 1, 1)
    for tokens in (-1, float("nan"), "7", True, 2e9):
        with pytest.raises(ValueError):
            estimate_cost("claude-sonnet-5-5", tokens, 0)  # type: ignore[arg-type]


def test_numbers_of_other_libraries_are_numbers() -> None:
    for tokens in (Decimal(1_000_000), Fraction(1_000_000), 1e6):
        assert estimate_cost("claude-haiku-5-5", tokens, 0) == estimate_cost("claude-haiku-5-5", 1_000_000, 0)  # type: ignore[arg-type]
        assert select_model("classify", tokens) == "claude-sonnet-5-5"  # type: ignore[arg-type]
    counted = cost({"input_tokens": Fraction(10), "output_tokens": Decimal(5)}, "claude-haiku-5-5")
    assert counted == cost({"input_tokens": 10, "output_tokens": 5}, "claude-haiku-5-5")
    assert select_model("classify", 10**400) == "claude-sonnet-5-5"


@pytest.mark.parametrize(
    ("amount", "nano"),
    [(Decimal("0.50"), 500_000_000), (Decimal("1E+3"), 10**12), (Decimal("0.1") + Decimal("0.2"), 300_000_000)],
)
def test_dollars_may_be_decimals_and_are_exact(amount: Decimal, nano: int) -> None:
    assert read_dollars("budget_usd", amount) == parse_usd(amount) == nano


@pytest.mark.parametrize(
    "amount", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-1"), Decimal("1e-12"), 10**400, 1e300]
)
def test_amounts_that_are_none_are_refused_as_such(amount: Any) -> None:
    for read in (parse_usd, lambda each: read_dollars("budget_usd", each)):
        with pytest.raises(ValueError, match="dollar"):
            read(amount)


def test_a_whole_message_costs_what_its_usage_does() -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 7}}
    wanted = cost(usage, "claude-haiku-5-5")
    assert wanted.nano > 0
    objects = SimpleNamespace(**{**usage, "cache_creation": SimpleNamespace(ephemeral_1h_input_tokens=7)})
    for given in ({"id": "msg_1", "usage": usage}, objects, SimpleNamespace(usage=objects)):
        assert cost(given, "claude-haiku-5-5") == wanted
        assert check_cache_hit(given).cache_write_tokens == 7


def test_a_model_of_the_first_pydantic_is_read_too() -> None:
    class Old:
        def model_dump(self, warnings: bool = True) -> Any:
            if not warnings:
                raise ValueError("warnings is only supported in Pydantic v2")
            return {"input_tokens": 10, "output_tokens": 1}

    assert check_cache_hit(Old()).regular_input_tokens == 10


def test_a_call_without_a_model_cannot_be_priced() -> None:
    with pytest.raises(TypeError, match="model"):
        cost({"input_tokens": 1}, None)  # type: ignore[arg-type]


def test_a_moment_can_be_written_in_every_usual_way() -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 0, "cache_read_input_tokens": 1_000_000}
    day = datetime(2026, 10, 6, 23, 59, 59, tzinfo=timezone.utc)
    moments = [day, day.replace(tzinfo=None), day.timestamp(), date(2026, 10, 6)]
    assert {cost(usage, "claude-sonnet-5-5", at).nano for at in moments} == {202_000_000}
    assert cost(usage, "claude-sonnet-5-5", date(2026, 10, 7)).nano == 102_000_000
    for at in ("today", float("inf"), True):
        with pytest.raises(ValueError):
            cost(usage, "claude-sonnet-5-5", at)  # type: ignore[arg-type]


def test_nothing_is_recorded_of_what_is_no_signature() -> None:
    detector = LoopDetector(repeats=2)
    detector.record("a")
    with pytest.raises(TypeError):
        detector.record(None)  # type: ignore[arg-type]
    assert detector.record("a") is not None
    detector.reset()
    assert detector.record("a") is None


@pytest.mark.parametrize("options", [{"repeats": 1}, {"max_cycle_len": 0}, {"repeats": True}, {"max_cycle_len": 1_001}])
def test_loop_options_that_make_no_sense_are_refused(options: Any) -> None:
    with pytest.raises(ValueError):
        LoopDetector(**options)


@pytest.mark.parametrize("state", [{}, None, {"repeats": 3, "maxCycleLen": 3, "recent": [1], "runs": [0, 0, 0]}])
def test_a_damaged_state_is_refused(state: Any) -> None:
    with pytest.raises(ValueError):
        LoopDetector.from_state(state)


def test_a_prefix_is_marked_as_keyword_arguments() -> None:
    tools = [{"name": "look"}]
    marked = with_cache("Be brief.", tools)
    assert marked["system"] == [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    assert marked["tools"] == [{"name": "look", "cache_control": {"type": "ephemeral"}}]
    assert tools == [{"name": "look"}]
    assert with_cache() == {}
    with pytest.raises(ValueError):
        with_cache("Be brief.", ttl="2h")


@pytest.mark.parametrize(
    "gateway",
    [
        "",
        "localhost:4141",
        "ftp://host",
        "http://",
        None,
        "http://host:70000",
        "http://a b",
        "http://h?x=1",
        "http://h#x",
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_sent(gateway: Any) -> None:
    with pytest.raises(ValueError):
        guard(gateway=gateway)


def test_a_credential_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="api_key") as caught:
        gateway_address("http://me:secret@host:4141")
    assert "secret" not in str(caught.value)


def test_a_path_in_the_address_stays() -> None:
    assert gateway_address("http://host:1/p/team/v1/") == "http://host:1/p/team"


@pytest.mark.parametrize(
    "account",
    [
        {"session": "a\nb"},
        {"user": "ä"},
        {"tags": ["a,b"]},
        {"tags": ["a", ""]},
        {"tags": ["a", " b"]},
        {"tags": [7]},
        {"tags": None},
        {"tags": {"a": 1}},
        {"task": ""},
        {"project": 7},
    ],
)
def test_names_that_no_header_can_carry_are_refused(account: Any) -> None:
    with pytest.raises(ValueError):
        account_headers(**account)


def test_the_environment_of_another_program_names_the_gateway_and_the_account() -> None:
    environment = gateway_environment("http://localhost:4141/v1", session="nightly", tags=["a", "b"])
    assert environment["ANTHROPIC_BASE_URL"] == "http://localhost:4141"
    assert environment["ANTHROPIC_CUSTOM_HEADERS"] == "x-runguard-session: nightly\nx-runguard-tag: a,b"
    assert "ANTHROPIC_CUSTOM_HEADERS" not in gateway_environment()


class Batches:
    """A stand-in for the API's batches that counts, and fails when it is told to."""

    def __init__(self, fails_at: int = -1) -> None:
        self.messages = self
        self.batches = self
        self.created: Any = []
        self.fails_at = fails_at

    def create(self, requests: Any) -> Any:
        if len(self.created) == self.fails_at:
            raise RuntimeError("the API is away")
        self.created.append(requests)
        return type("Batch", (), {"id": f"batch_{len(self.created)}"})()


def test_more_prompts_than_a_batch_holds_become_several() -> None:
    api = Batches()
    prompts = ({"custom_id": str(number), "user_message": "hi"} for number in range(100_001))
    assert submit_batch_job(prompts, client=api) == "batch_1,batch_2"
    assert [len(requests) for requests in api.created] == [100_000, 1]


def test_batches_that_exist_are_named_when_a_later_one_fails() -> None:
    prompts = [{"custom_id": str(number), "user_message": "hi"} for number in range(100_001)]
    with pytest.raises(BatchSubmitError) as caught:
        submit_batch_job(prompts, client=Batches(fails_at=1))
    assert caught.value.batch_id == "batch_1"


@pytest.mark.parametrize(
    "prompt",
    [
        {},
        "hi",
        {"custom_id": "a"},
        {"custom_id": "a", "user_message": "x", "params": {}},
        {"custom_id": "a", "params": {"stream": True}},
        {"custom_id": "x" * 65, "user_message": "x"},
        {"custom_id": "first", "user_message": "twice"},
    ],
)
def test_a_prompt_that_cannot_be_sent_is_named_and_nothing_is_sent(prompt: Any) -> None:
    api = Batches()
    with pytest.raises(BatchInputError) as caught:
        submit_batch_job([{"custom_id": "first", "user_message": "x"}, prompt], client=api)
    assert (caught.value.index, api.created) == (1, [])


@pytest.mark.parametrize("batch_id", ["", "a,a", "a b", None, "a,,b"])
def test_what_is_no_id_of_a_job_is_refused(batch_id: Any) -> None:
    with pytest.raises(ValueError):
        retrieve_batch_results(batch_id, client=Batches())
