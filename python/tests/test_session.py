"""Sessions without a gateway: the budget, the loop, and what a broken answer costs."""

from typing import Any

import pytest

anthropic = pytest.importorskip("anthropic")

from runguard import AgentStoppedError, BudgetExceededError, LoopDetectedError, OptimizedAgentSession  # noqa: E402


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


@pytest.mark.parametrize("budget", [-1, float("nan"), "five", True, None, 1e300])
def test_a_budget_that_is_no_amount_is_refused(budget: Any, simulator_url: str) -> None:
    with pytest.raises(ValueError):
        open_session(simulator_url, budget_usd=budget)
