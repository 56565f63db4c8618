"""What is called as it should not be: every public name says what was wrong, in words of its own."""

import math
import re
from typing import Any, Callable, Dict, List, Mapping, Tuple

import pytest

import runguard
from runguard import (
    BudgetExceededError,
    LoopDetectedError,
    LoopDetector,
    OptimizedAgentSession,
    RunGuardError,
    call_with_caching,
    check_cache_hit,
    cost,
    defer,
    deferred,
    error_from_api_error,
    error_from_wire,
    estimate_cost,
    gateway_environment,
    guard,
    retrieve_batch_results,
    select_model,
    submit_batch_job,
    with_cache,
)

#: A call that works: the function, its arguments by position, and those by name.
Working = Tuple[Callable[..., Any], List[Any], Dict[str, Any]]

NOTHING_MEANT = object()
SLIPS: List[Any] = [None, True, 0, -1, 1.5, math.nan, math.inf, 10**400, "", "x", "\ud800", b"x"]
SLIPS += [[], [None], ["x"], {}, {"__class__": 1}, set(), dict, lambda: 0, NOTHING_MEANT]

#: How Python itself speaks of code that did not look at its arguments.
BARE = re.compile(
    r"'\w+' object (is not|has no)|has no len|not supported|unsupported operand|must be (str|real|a mapping|int|bytes)|"
    r"unhashable|argument of type|expected (str|string|a bytes)|cannot (convert|unpack|be interpreted)|can't|"
    r"not JSON serializable|surrogates not allowed|argument after|indices must"
)
OF_PYTHON = (AttributeError, LookupError, NameError, ArithmeticError, RecursionError, UnicodeError, AssertionError)

UNSEEN = "was not looked at"
#: Where anything may stand: the answer says what it is.
FREE = {("error_from_wire", place) for place in "012"} | {("error_from_api_error", "0"), ("cost", "0")}
FREE |= {("cost, a model without a price", "0")}

PROMPTS = [{"custom_id": "a", "user_message": "b"}]
MESSAGES = [{"role": "user", "content": "Hi."}]
PARAMS = {"model": "claude-haiku-5-5", "max_tokens": 9, "messages": MESSAGES}
USAGE = {"input_tokens": 1, "output_tokens": 1}

PLAIN: Dict[str, Working] = {
    "LoopDetector": (LoopDetector, [], {"repeats": 3, "max_cycle_len": 3}),
    "LoopDetector.record": (lambda signature: LoopDetector().record(signature), ["a"], {}),
    "LoopDetector.from_state": (LoopDetector.from_state, [LoopDetector().state()], {}),
    "LoopDetectedError": (LoopDetectedError, ["m"], {"match": None, "details": {}}),
    "BudgetExceededError": (BudgetExceededError, ["m"], {"details": {}, "retry_after_sec": 1, "request_id": "r"}),
    "RunGuardError": (RunGuardError, ["runguard_closed", "m"], {"details": {}}),
    "select_model": (
        select_model,
        ["classify", 1],
        {"preset": "current", "tiers": {"small": "a"}, "tasks": {"b": "small"}},
    ),
    "estimate_cost": (estimate_cost, ["claude-haiku-5-5", 1, 1], {"at": 1_790_000_000.0}),
    "cost": (cost, [USAGE, "claude-haiku-5-5"], {"at": 1.0, "requested_model": "a", "requested_ttl": "5m"}),
    "cost, a model without a price": (cost, [USAGE, "m"], {"unknown_model": "flag"}),
    "check_cache_hit": (check_cache_hit, [USAGE], {}),
    "with_cache": (with_cache, ["s", [{"name": "t"}]], {"ttl": "5m"}),
    "gateway_environment": (
        gateway_environment,
        ["http://localhost:1"],
        {"session": "s", "task": "t", "tags": ["a"], "project": "p", "user": "u", "api_key": "k"},
    ),
    "error_from_wire": (error_from_wire, [402, {}, "{}"], {}),
    "error_from_api_error": (error_from_api_error, [ValueError("x")], {}),
}

#: Tables, values that the package gives, and errors that it alone makes.
NOT_CALLED = {
    *("TASK_MODEL_MAP", "TIER_MODELS", "CacheHit", "Cost", "CostLine", "LoopMatch", "DeferredCall"),
    *("AgentStoppedError", "BatchInputError", "BatchSubmitError", "DeferredCallError", "GatewayUnreachableError"),
    # Made as BudgetExceededError is.
    *("BreakerOpenError", "UnpricedModelError"),
}


def calls_on(client: Any, guarded: Any, batch_id: str) -> Dict[str, Working]:
    def session(**options: Any) -> OptimizedAgentSession:
        return OptimizedAgentSession(**options)

    options: Dict[str, Any] = {"budget_usd": 1.0, "client": client, "system_prompt": "s", "max_tokens": 9, "repeats": 3}
    options.update(
        max_cycle_len=3, model="claude-haiku-5-5", preset="current", tiers={"small": "a"}, tasks={"b": "small"}
    )
    options.update(caching=True, params={}, id="i", now=lambda: 1.0)
    request = {"model": "claude-haiku-5-5", "max_tokens": 9, "system": "s", "tools": [], "ttl": "5m"}
    waiting = {"client": client, "custom_ids": ["a"], "timeout_sec": 9.0, "sleep": lambda seconds: None}
    return {
        "OptimizedAgentSession": (session, [], options),
        "turn": (lambda *args: OptimizedAgentSession(client=client).turn(*args), ["classify", "Hi."], {}),
        "call_with_caching": (call_with_caching, [MESSAGES], {"client": client, **request}),
        "submit_batch_job": (
            submit_batch_job,
            [PROMPTS],
            {"client": client, "max_tokens": 9, "system": "s", "model": "m"},
        ),
        "retrieve_batch_results": (retrieve_batch_results, [batch_id], waiting),
        "guard": (
            guard,
            [client, "http://localhost:1"],
            {"check": False, "session": "s", "tags": ["a"], "api_key": "k"},
        ),
        "defer": (defer, [guarded, PARAMS, "6h"], {"when": "always", "idempotency_key": "k"}),
        "deferred": (deferred, [guarded, "id"], {}),
    }


def faults_of(calls: Mapping[str, Working]) -> List[str]:
    faults = []
    for name, (call, args, named) in calls.items():
        for slip in SLIPS:
            tries = [(str(at), [*args[:at], slip, *args[at + 1 :]], named) for at in range(len(args))]
            tries += [(option, args, {**named, option: slip}) for option in named]
            for place, given, given_named in tries:
                fault = fault_of(call, given, given_named)
                if fault is None or (fault == UNSEEN and (slip is not NOTHING_MEANT or (name, place) in FREE)):
                    continue
                faults.append(f"{name} {place} = {slip!r:.20}: {fault}")
    return faults


def fault_of(call: Callable[..., Any], args: List[Any], named: Mapping[str, Any]) -> "str | None":
    try:
        call(*args, **named)
    except OF_PYTHON as error:
        return f"{type(error).__name__}: {error}"
    except Exception as error:
        return f"said only: {error}" if BARE.search(str(error)) else None
    return UNSEEN


def test_every_public_name_is_tried() -> None:
    tried = {*PLAIN, *calls_on(None, None, "")}
    assert set(runguard.__all__) - tried - NOT_CALLED == set()


def test_what_needs_no_client_says_what_is_wrong() -> None:
    for call, args, named in PLAIN.values():
        call(*args, **named)
    assert faults_of(PLAIN) == []


def test_what_is_called_with_a_client_says_what_is_wrong(simulator_url: str) -> None:
    anthropic = pytest.importorskip("anthropic")
    client = anthropic.Anthropic(base_url=simulator_url, max_retries=0)
    guarded = guard(client, simulator_url, check=False)
    batch_id = submit_batch_job(PROMPTS, client=client)
    assert faults_of(calls_on(client, guarded, batch_id)) == []
