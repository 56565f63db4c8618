"""The vectors that the TypeScript library runs too: same inputs, same answers."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from runguard import (
    LoopDetector,
    UnpricedModelError,
    check_cache_hit,
    cost,
    error_from_wire,
    estimate_cost,
    gateway_environment,
    select_model,
)
from runguard.batches import batch_user_id, batch_wire_id
from runguard.caching import mark_request
from runguard.money import decimal_usd, format_usd, parse_usd

_FOLDER = Path(__file__).parent.parent / "vectors"


def load(name: str) -> Any:
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def test_every_cost_is_equal_to_the_pico_dollar_with_its_lines() -> None:
    cases = load("cost")["cases"]
    assert len(cases) > 400
    for case in cases:
        given = case["input"]
        found = cost(
            given["usage"],
            given["model"],
            datetime.fromisoformat(given["at"].replace("Z", "+00:00")),
            requested_model=given.get("requestedModel"),
            requested_ttl=given.get("requestedTtl"),
            unknown_model=given["unknownModel"],
        )
        lines = [[line.item, line.quantity, line.pico_each, line.priced_as, line.card] for line in found.lines]
        shown = {
            "nano": found.nano,
            "pico": str(found.pico),
            "basis": found.basis,
            "assumptions": sorted(found.assumptions),
            "problems": sorted(found.problems),
            "lines": lines,
        }
        assert shown == case["expect"], given


def test_estimates_are_the_same_dollars() -> None:
    for each in load("cost")["estimates"]:
        try:
            found: Optional[float] = estimate_cost(each["model"], each["input"], each["output"], at=date(2026, 11, 27))
        except (ValueError, UnpricedModelError):
            found = None
        assert found == each["usd"], each


def test_the_way_to_a_gateway_is_the_same_environment() -> None:
    for case in load("environment")["cases"]:
        given = dict(case["input"])
        url = given.pop("url")
        if case["expect"] is None:
            with pytest.raises(ValueError):
                gateway_environment(url, **given)
        else:
            assert gateway_environment(url, **given) == case["expect"], given


def test_amounts_are_read_and_shown_alike() -> None:
    amounts = load("cost")["amounts"]
    for each in amounts["written"]:
        assert parse_or_none(each["text"]) == each["nano"], each
    for each in amounts["shown"]:
        assert decimal_usd(each["nano"]) == each["decimal"]
        assert format_usd(each["nano"]) == each["text"]


def parse_or_none(text: str) -> Optional[int]:
    try:
        return parse_usd(text)
    except ValueError:
        return None


def test_loops_are_found_at_the_same_signature() -> None:
    for case in load("loops")["cases"]:
        given = case["input"]
        detector = LoopDetector(repeats=given["repeats"], max_cycle_len=given["maxCycleLen"])
        found: List[Optional[Dict[str, Any]]] = []
        for signature in given["signatures"]:
            # Put aside and taken up again at every step, which must change nothing.
            detector = LoopDetector.from_state(json.loads(json.dumps(detector.state())))
            match = detector.record(signature)
            found.append(match and {"repeats": match.repeats, "cycle": list(match.cycle)})
        assert found == case["expect"], given


def test_tasks_get_the_same_models() -> None:
    for case in load("routes")["cases"]:
        given = case["input"]
        if case["expect"] is None:
            with pytest.raises(ValueError):
                select_model(given["task"], given["length"], **given["options"])
        else:
            assert select_model(given["task"], given["length"], **given["options"]) == case["expect"], given


def test_refusals_become_the_same_errors() -> None:
    for case in load("errors")["cases"]:
        given, expected = case["input"], case["expect"]
        found = error_from_wire(given["status"], given["headers"], given["body"])
        if expected is None:
            assert found is None, given
            continue
        assert found is not None, given
        shown = found.to_dict()
        wanted = {**expected, "retry_after_sec": expected.pop("retryAfterSec"), "request_id": expected.pop("requestId")}
        assert shown == {name: wanted[name] for name in shown}, given


def test_cache_markers_go_to_the_same_places() -> None:
    vectors = load("cache")
    for case in vectors["marks"]:
        request = case["input"]["request"]
        before = json.dumps(request)
        assert mark_request(request, case["input"]["ttl"]) == case["expect"], request
        assert json.dumps(request) == before
    for case in vectors["hits"]:
        hit, expected = check_cache_hit({"usage": case["input"]}), case["expect"]
        assert hit.cache_read_tokens == expected["cacheReadTokens"]
        assert hit.cache_write_tokens == expected["cacheWriteTokens"]
        assert hit.regular_input_tokens == expected["regularInputTokens"]
        assert hit.cache_hit_rate == expected["cacheHitRate"]


def test_ids_of_batch_items_travel_alike() -> None:
    vectors = load("ids")
    for case in vectors["cases"]:
        if case["wire"] is None:
            with pytest.raises(ValueError):
                batch_wire_id(case["id"])
        else:
            assert batch_wire_id(case["id"]) == case["wire"]
            assert batch_user_id(case["wire"]) == case["id"]
    for case in vectors["received"]:
        assert batch_user_id(case["wire"]) == case["id"]
