"""The real client of the official package through a gateway, as programs use it."""

import asyncio
import pickle
from typing import Any, Callable

import pytest

anthropic = pytest.importorskip("anthropic")

from runguard import (  # noqa: E402
    BreakerOpenError,
    BudgetExceededError,
    GatewayUnreachableError,
    LoopDetectedError,
    OptimizedAgentSession,
    UnpricedModelError,
    call_with_caching,
    check_cache_hit,
    cost,
    guard,
    retrieve_batch_results,
    submit_batch_job,
)

MODEL = "claude-haiku-5-5"
TOOL = {
    "name": "look_up",
    "description": "Looks something up.",
    "input_schema": {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
}


def ask(text: str, **more: Any) -> Any:
    return {"model": MODEL, "max_tokens": 200, "messages": [{"role": "user", "content": text}], **more}


def test_a_plain_call_costs_what_the_ledger_says(gateway_url: str, session_name: str, state_fact: Any) -> None:
    client = guard(gateway=gateway_url, session=session_name, task="classify", tags=["red", "blue"])
    message = client.messages.create(**ask("Hello there."))
    assert "Hello there." in message.content[0].text
    state_fact(session_name, spentNano=cost(message.usage, message.model).nano)


def test_a_stream_arrives_and_costs_what_the_ledger_says(gateway_url: str, session_name: str, state_fact: Any) -> None:
    client = guard(anthropic.Anthropic(), gateway_url, session=session_name)
    with client.messages.stream(**ask("[[sim:say one two three]]")) as stream:
        assert "".join(stream.text_stream) == "one two three"
        message = stream.get_final_message()
    state_fact(session_name, spentNano=cost(message.usage, message.model).nano)


def test_an_asynchronous_client_stays_one(gateway_url: str, session_name: str, state_fact: Any) -> None:
    async def talk() -> int:
        async with anthropic.AsyncAnthropic() as plain:
            client = guard(plain, gateway_url, session=session_name)
            assert isinstance(client, anthropic.AsyncAnthropic)
            first = await client.messages.create(**ask("one"))
            async with client.messages.stream(**ask("two")) as stream:
                second = await stream.get_final_message()
            return sum(cost(each.usage, each.model).nano for each in (first, second))

    state_fact(session_name, spentNano=asyncio.run(talk()))


def test_tools_and_counting_work_as_without_a_gateway(gateway_url: str, session_name: str) -> None:
    client = guard(gateway=gateway_url, session=session_name)
    message = client.messages.create(**ask('[[sim:tool look_up {"what":"tides"}]]', tools=[TOOL]))
    call = message.content[-1]
    assert (message.stop_reason, call.name, call.input) == ("tool_use", "look_up", {"what": "tides"})
    counted = client.messages.count_tokens(model=MODEL, messages=[{"role": "user", "content": "abc"}])
    assert counted.input_tokens > 0


def test_a_batch_comes_back_by_its_ids(gateway_url: str) -> None:
    client = guard(gateway=gateway_url)
    prompts = [
        {"custom_id": "https://example.com/ä", "user_message": "[[sim:say first]]"},
        {"custom_id": "second", "params": {**ask("[[sim:say second]]")}},
        {"custom_id": "broken", "params": {"model": MODEL, "messages": []}},
    ]
    batch_id = submit_batch_job(prompts, client=client)
    ids = [prompt["custom_id"] for prompt in prompts]
    results = retrieve_batch_results(batch_id, client=client, custom_ids=[*ids, "never"], timeout_sec=20)
    assert [result["custom_id"] for result in results] == [*ids, "never"]
    assert [result.get("text") for result in results] == ["first", "second", None, None]
    assert results[0]["usage"]["output_tokens"] > 0
    assert results[2]["error"]["type"] == "invalid_request_error"
    assert results[3]["error"]["type"] == "missing"


def refusal_of(call: Callable[[], Any], kind: type) -> Any:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("is_stream", [False, True])
def test_an_empty_budget_is_an_exception_after_one_request(
    gateway_url: str, session_name: str, state_fact: Any, is_stream: bool
) -> None:
    client = guard(gateway=gateway_url, session=session_name, project="poor")
    error = refusal_of(lambda: client.messages.create(**ask("hi", stream=is_stream)), BudgetExceededError)
    assert error.code == "runguard_budget_exceeded"
    assert (error.scope, error.limit_usd, error.spent_usd) == ("project:poor", 0.000001, 0)
    assert error.response.status_code == 402 and error.request_id
    assert "project:poor" in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.to_dict()) == (BudgetExceededError, error.to_dict())
    state_fact(session_name, refusals=1, code=error.code)


def test_an_empty_budget_is_the_same_exception_for_copies_and_asynchronous_clients(
    gateway_url: str, session_name: str, state_fact: Any
) -> None:
    async def talk() -> None:
        client = guard(anthropic.AsyncAnthropic(), gateway_url, session=session_name, project="poor")
        with pytest.raises(BudgetExceededError):
            await client.with_options(timeout=5).messages.create(**ask("hi"))
        with pytest.raises(BudgetExceededError):
            async with client.messages.stream(**ask("hi")):
                raise AssertionError("it was not refused")

    asyncio.run(talk())
    state_fact(session_name, refusals=2, code="runguard_budget_exceeded")


def test_an_agent_in_a_loop_is_stopped_with_the_cycle(gateway_url: str, session_name: str, state_fact: Any) -> None:
    client = guard(gateway=gateway_url, session=session_name)
    messages = [{"role": "user", "content": 'Go on. [[sim:looping look_up {"what":"the same"}]]'}]

    def run() -> None:
        for _ in range(12):
            answer = client.messages.create(model=MODEL, max_tokens=200, tools=[TOOL], messages=messages)
            result = {"type": "tool_result", "tool_use_id": answer.content[-1].id, "content": "nothing new"}
            messages.append({"role": "assistant", "content": answer.content})
            messages.append({"role": "user", "content": [result]})

    error = refusal_of(run, LoopDetectedError)
    assert error.match.repeats >= 3 and error.match.cycle_length == 1
    assert "look_up" in error.match.cycle[0]
    state_fact(session_name, refusals=1, code="runguard_loop_detected")


def test_a_session_that_is_held_is_an_open_breaker(gateway_url: str, state_fact: Any) -> None:
    client = guard(gateway=gateway_url, session="held")
    error = refusal_of(lambda: client.messages.create(**ask("hi")), BreakerOpenError)
    assert (error.details["breaker"], error.details["state"]) == ("session:held", "held")
    state_fact("held", refusals=1, code="runguard_breaker_open")


def test_a_model_without_a_price_is_refused_by_name(gateway_url: str) -> None:
    client = guard(gateway=gateway_url)
    refusal_of(lambda: client.messages.create(**{**ask("hi"), "model": "claude-unheard-of"}), UnpricedModelError)


def test_errors_of_the_api_stay_those_of_the_official_package(gateway_url: str) -> None:
    client = guard(anthropic.Anthropic(max_retries=0), gateway_url)
    refusal_of(lambda: client.messages.create(**ask("[[sim:fault 429]]")), anthropic.RateLimitError)
    refusal_of(lambda: client.messages.create(**ask("hi", max_tokens=-1)), anthropic.BadRequestError)


def test_guarding_leaves_the_client_as_it_was_and_can_be_repeated(gateway_url: str, simulator_url: str) -> None:
    plain = anthropic.Anthropic(base_url=simulator_url)
    first = guard(plain, gateway_url, session="one")
    second = guard(first, gateway_url + "/v1/", session="two")
    assert type(plain) is anthropic.Anthropic and str(plain.base_url).startswith(simulator_url)
    assert type(second) is type(first)
    refusal_of(lambda: guard(second, gateway_url, project="poor").messages.create(**ask("hi")), BudgetExceededError)


def test_without_a_gateway_the_error_says_what_to_do(simulator_url: str) -> None:
    closed = "http://127.0.0.1:9"
    error = refusal_of(lambda: guard(gateway=closed), GatewayUnreachableError)
    assert closed in str(error) and "npx runguard start" in str(error)
    refusal_of(lambda: guard(gateway=simulator_url), GatewayUnreachableError)
    assert guard(gateway=closed, check=False).base_url == closed


def test_a_cached_prefix_is_read_by_the_second_call(gateway_url: str) -> None:
    client = guard(gateway=gateway_url)
    system = f"Rules of the house. {session_salt()} " + "Be brief and kind. " * 600
    hits = [
        check_cache_hit(call_with_caching([{"role": "user", "content": "hi"}], client=client, system=system))
        for _ in range(2)
    ]
    assert hits[0].cache_write_tokens > 2_000 and hits[0].cache_hit_rate == 0
    assert hits[1].cache_read_tokens == hits[0].cache_write_tokens and hits[1].cache_hit_rate > 0.9


def session_salt() -> str:
    from uuid import uuid4

    return str(uuid4())


def test_a_session_of_three_tasks_spends_exactly_what_the_ledger_says(gateway_url: str, state_fact: Any) -> None:
    client = guard(gateway=gateway_url)
    session = OptimizedAgentSession(budget_usd=5.0, client=client, system_prompt="You sort shells. " * 300)
    for task in ("classify", "reason", "research"):
        assert "shell" in session.turn(task, f"Please {task} this shell. [[sim:say A shell, {task}ed.]]")
    served = [line.model for each in session.costs for line in each.lines[:1]]
    assert served == ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"]
    assert [message["role"] for message in session.messages] == ["user", "assistant"] * 3
    assert 0 < session.spent < session.budget == 5.0
    state_fact(session.id, spentNano=session.spent_nano)


def test_a_session_bears_the_name_that_its_client_was_guarded_with(
    gateway_url: str, session_name: str, state_fact: Any
) -> None:
    session = OptimizedAgentSession(client=guard(gateway=gateway_url, session=session_name))
    session.turn("extract", "Take the shell out.")
    assert session.id == session_name
    state_fact(session_name, spentNano=session.spent_nano)


def test_a_session_is_refused_by_its_gateway_with_its_conversation_as_before(gateway_url: str) -> None:
    session = OptimizedAgentSession(client=guard(gateway=gateway_url, project="poor"))
    refusal_of(lambda: session.turn("classify", "hi"), BudgetExceededError)
    assert (session.messages, session.spent) == ([], 0)


def test_a_session_with_a_plain_client_raises_the_same_errors(gateway_url: str) -> None:
    headers = {"x-runguard-project": "poor"}
    session = OptimizedAgentSession(client=anthropic.Anthropic(base_url=gateway_url, default_headers=headers))
    error = refusal_of(lambda: session.turn("classify", "hi"), BudgetExceededError)
    assert error.scope == "project:poor" and isinstance(error.__cause__, anthropic.APIStatusError)
