"""Sessions without a gateway: the budget, the loop, and what a broken answer costs."""

import threading
from typing import Any, List

import pytest

anthropic = pytest.importorskip("anthropic")

from runguard import (  # noqa: E402
    AgentStoppedError,
    BudgetExceededError,
    LoopDetectedError,
    OptimizedAgentSession,
    retrieve_batch_results,
    submit_batch_job,
)


def open_session(simulator_url: str, **options: Any) -> OptimizedAgentSession:
    client = anthropic.Anthropic(base_url=simulator_url, max_retries=0)
    return OptimizedAgentSession(client=client, **options)


def test_a_call_that_costs_more_than_is_left_is_not_made(simulator_url: str) -> None:
    session = open_session(simulator_url, budget_usd="$0.0001")
    with pytest.raises(BudgetExceededError) as caught:
        session.turn("research", "Find it.")
    assert caught.value.limit_usd == 0.0001
    assert caught.value.scope == f"session:{session.id}"
    assert (session.messages, session.costs) == ([], [])


def test_no_answer_passes_the_budget(simulator_url: str) -> None:
    session = open_session(simulator_url, budget_usd=0.002)
    with pytest.raises(BudgetExceededError):
        for number in range(50):
            session.turn("classify", f"Number {number}. [[sim:text 1500]]")
    assert 0.001 < session.spent <= session.budget


def test_the_third_equal_turn_is_a_loop_and_is_not_sent(simulator_url: str) -> None:
    session = open_session(simulator_url)
    for _ in range(2):
        session.turn("classify", "Is it done?")
    with pytest.raises(LoopDetectedError) as caught:
        session.turn("classify", "Is it done?")
    assert caught.value.match is not None
    assert caught.value.match.repeats == 3
    assert len(session.costs) == 2
    assert session.turn("classify", "Then do something else.")


def test_prompts_of_one_template_are_no_loop(simulator_url: str) -> None:
    session = open_session(simulator_url)
    for number in range(4):
        assert session.turn("classify", "The same long beginning of every prompt. " * 3 + str(number))


def test_a_stream_that_breaks_off_is_paid_for_at_least(simulator_url: str) -> None:
    session = open_session(simulator_url)
    with pytest.raises(Exception, match="(?i)peer|connection|incomplete|closed"):
        session.turn("classify", "[[sim:text 400]] [[sim:fault cut 3000]]")
    assert session.spent > 0 and session.costs[0].is_estimated
    assert session.messages == []


def test_a_refusal_of_the_model_is_told_and_paid_for(simulator_url: str) -> None:
    session = open_session(simulator_url)
    with pytest.raises(AgentStoppedError):
        session.turn("classify", "[[sim:refuse]]")
    assert session.spent > 0 and session.messages == []


def test_only_one_turn_at_a_time_whatever_the_threads(simulator_url: str) -> None:
    session = open_session(simulator_url)
    ends: List[str] = []
    start = threading.Barrier(8)

    def turn(number: int) -> None:
        start.wait()
        try:
            ends.append(session.turn("classify", f"Number {number}."))
        except RuntimeError:
            ends.append("busy")

    threads = [threading.Thread(target=turn, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered = [end for end in ends if end != "busy"]
    assert len(ends) == 8 and len(answered) == len(session.costs) >= 1
    assert [message["role"] for message in session.messages] == ["user", "assistant"] * len(answered)


def test_half_a_character_at_the_end_of_a_cut_text_is_sent_as_a_whole_one(simulator_url: str) -> None:
    session = open_session(simulator_url)
    assert session.turn("classify", "cut \ud83d") == "You said: cut \ufffd"
    assert session.turn("classify", "whole \U0001f642") == "You said: whole \U0001f642"


def test_thinking_that_the_money_left_does_not_pay_for_is_refused_before_the_api_does(simulator_url: str) -> None:
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 8_000}}
    session = open_session(simulator_url, budget_usd=0.05, model="claude-sonnet-4-6", params=thinking)
    with pytest.raises(BudgetExceededError):
        session.turn("reason", "Think hard.")
    assert session.costs == []


@pytest.mark.parametrize("name", ["model", "messages", "max_tokens", "system", "stream", "tools"])
def test_params_that_a_session_sets_itself_are_refused(name: str, simulator_url: str) -> None:
    with pytest.raises(ValueError, match=name):
        open_session(simulator_url, params={name: None})


@pytest.mark.parametrize("name", ["日本", "a\nb", 7, " a"])
def test_an_id_that_no_header_can_carry_is_refused(name: Any, simulator_url: str) -> None:
    with pytest.raises(ValueError, match="id"):
        open_session(simulator_url, id=name)


def test_a_client_that_cannot_do_it_is_refused_with_its_kind(simulator_url: str) -> None:
    for client in (anthropic.AsyncAnthropic(base_url=simulator_url), 7, object()):
        with pytest.raises(TypeError):
            OptimizedAgentSession(client=client)
    waiting = anthropic.AsyncAnthropic(base_url=simulator_url)
    with pytest.raises(TypeError, match="asynchronous"):
        submit_batch_job([{"custom_id": "a", "user_message": "x"}], client=waiting)
    with pytest.raises(TypeError, match="asynchronous"):
        retrieve_batch_results("batch_1", client=waiting)


@pytest.mark.parametrize(("task", "words"), [(None, "hi"), ("classify", None), (7, "hi"), ("classify", b"hi")])
def test_a_task_and_a_message_are_texts(task: Any, words: Any, simulator_url: str) -> None:
    session = open_session(simulator_url)
    with pytest.raises(TypeError):
        session.turn(task, words)
    assert session.turn("ä task\n", "A task that no header can carry is none of anybody's business.")


@pytest.mark.parametrize("budget", [-1, float("nan"), "five", True, None, 1e300])
def test_a_budget_that_is_no_amount_is_refused(budget: Any, simulator_url: str) -> None:
    with pytest.raises(ValueError):
        open_session(simulator_url, budget_usd=budget)
