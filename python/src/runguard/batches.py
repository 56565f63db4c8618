"""Batches in two calls, at half the price of single ones: submit, and retrieve."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from .checks import check, check_callable, check_count, check_number, check_optional, check_text
from .gateway import official_client, require_synchronous
from .routes import TIER_MODELS
from .values import as_mapping
from .waiting import is_passing, pauses

_WIRE_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_MARK = "rg-"
_MAX_ENCODED_ID_BYTES = 45
_MAX_ITEMS = 100_000
_MAX_BYTES = 256_000_000
_ENVELOPE_BYTES = len('{"requests":[]}')
_MOST_FAILED_ROUNDS = 5

Prompt = Mapping[str, Any]


class BatchInputError(ValueError):
    """A prompt cannot be submitted; ``index`` says which one. Nothing was sent."""

    def __init__(self, index: int, problem: str) -> None:
        super().__init__(index, problem)
        self.index = index

    def __str__(self) -> str:
        return "prompt {} {}".format(*self.args)


class BatchSubmitError(Exception):
    """Some batches of a job exist, and a later one could not be created. ``batch_id`` names those that exist."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(batch_id)
        self.batch_id = batch_id

    def __str__(self) -> str:
        return f"not all batches of the job could be created; these exist: {self.batch_id}"


def submit_batch_job(
    prompts: Iterable[Prompt],
    *,
    client: Any = None,
    model: Optional[str] = None,
    max_tokens: int = 1_024,
    system: Optional[str] = None,
) -> str:
    """Submits prompts as a batch and answers its id.

    Prompts are ``{"custom_id", "user_message"}``, answered by the small tier's model unless ``model`` says otherwise,
    or ``{"custom_id", "params"}``. All are checked before anything is sent. More than 100,000 prompts or 256 MB become
    several batches, and the id names them all, joined by commas.

    Raises ``BatchInputError`` for a prompt that cannot be sent, ``BatchSubmitError`` if some of several batches exist,
    ``TypeError`` and ``ValueError`` for other arguments that make no sense, else what the client raises.
    """
    check_optional(check_text, "model", model)
    check_count("max_tokens", max_tokens)
    check_optional(check_text, "system", system)
    is_iterable = isinstance(prompts, Iterable) and not isinstance(prompts, (str, bytes, Mapping, type))
    check("prompts", prompts, is_iterable, "a list of dicts with custom_id and user_message")
    defaults = {"model": model or TIER_MODELS["current"]["small"], "max_tokens": max_tokens}
    if system:
        defaults["system"] = system
    items = _check_prompts(prompts, defaults)
    batches = _client(client).messages.batches
    ids: List[str] = []
    for chunk in _chunks(items):
        try:
            ids.append(batches.create(requests=chunk).id)
        except Exception as cause:
            if ids:
                raise BatchSubmitError(",".join(ids)) from cause
            raise
    return ",".join(ids)


def retrieve_batch_results(
    batch_id: str,
    *,
    client: Any = None,
    custom_ids: Optional[Sequence[str]] = None,
    timeout_sec: Optional[float] = None,
    sleep: Callable[[float], None] = time.sleep,
) -> List[Dict[str, Any]]:
    """Waits for a batch with growing pauses, in whatever process, and answers one entry per prompt.

    ``{"custom_id", "text", "usage"}`` or ``{"custom_id", "error": {"type", "message"}}``, in the order of
    ``custom_ids`` if given. Raises ``ValueError`` for what is no id of a job, ``TimeoutError`` after
    ``timeout_sec`` (the batch runs on), ``TypeError`` for other arguments that make no sense, else what the client
    raises.
    """
    if custom_ids is not None:
        are_ids = isinstance(custom_ids, (list, tuple)) and all(isinstance(each, str) for each in custom_ids)
        check("custom_ids", custom_ids, are_ids, "a list of texts")
    check_optional(check_number, "timeout_sec", timeout_sec)
    check_callable("sleep", sleep)
    ids = _split_job_id(batch_id)
    batches = _client(client).messages.batches
    _wait(batches, ids, timeout_sec, sleep)
    found = [_read_line(as_mapping(line)) for each in ids for line in batches.results(each)]
    return found if custom_ids is None else _in_order(found, custom_ids)


def batch_wire_id(custom_id: str) -> str:
    """The id as the API takes it. Raises ``ValueError`` if it cannot travel.

    What the API takes travels as it is; any other id as ``rg-`` and the base64url of its UTF-8 bytes, so that whoever
    reads the results knows the original from the id alone.
    """
    if _WIRE_ID.fullmatch(custom_id) and not custom_id.startswith(_MARK):
        return custom_id
    try:
        raw = custom_id.encode("utf-8")
    except UnicodeEncodeError as cause:
        raise ValueError("the id is not well-formed text") from cause
    if len(raw) > _MAX_ENCODED_ID_BYTES:
        raise ValueError(f"the id has {len(raw)} bytes; at most {_MAX_ENCODED_ID_BYTES} fit, or 64 of a-z A-Z 0-9 _ -")
    return _MARK + base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def batch_user_id(wire_id: str) -> str:
    """The id a person gave, from the one that travelled. An id that was not made here is its own original."""
    if not wire_id.startswith(_MARK):
        return wire_id
    code = wire_id[len(_MARK) :]
    try:
        custom_id = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)).decode("utf-8")
        return custom_id if batch_wire_id(custom_id) == wire_id else wire_id
    except (binascii.Error, ValueError):
        return wire_id


def _client(client: Any) -> Any:
    if client is None:
        return official_client()
    require_synchronous(client, "A batch")
    if not hasattr(getattr(client, "messages", None), "batches"):
        raise TypeError("Batches need a client of the official package, such as anthropic.Anthropic().")
    return client


def _check_prompts(prompts: Iterable[Prompt], defaults: Mapping[str, Any]) -> List[Dict[str, Any]]:
    items: List[Dict[str, Any]] = []
    seen: Dict[str, int] = {}
    for index, prompt in enumerate(prompts):
        item = _read_prompt(prompt, index, defaults)
        before = seen.setdefault(item["custom_id"], index)
        if before != index:
            raise BatchInputError(index, f"has the custom_id of prompt {before}")
        items.append(item)
    if not items:
        raise ValueError("a batch needs at least one prompt")
    return items


def _read_prompt(prompt: object, index: int, defaults: Mapping[str, Any]) -> Dict[str, Any]:
    fields = prompt if isinstance(prompt, Mapping) else {}
    custom_id, message, params = (fields.get(name) for name in ("custom_id", "user_message", "params"))
    if not isinstance(custom_id, str):
        raise BatchInputError(index, "has no custom_id that is a text")
    try:
        wire_id = batch_wire_id(custom_id)
    except ValueError as cause:
        raise BatchInputError(index, str(cause)) from cause
    if params is not None and message is not None:
        raise BatchInputError(index, "has a user_message and params; give one of them")
    if params is None and isinstance(message, str):
        params = {**defaults, "messages": [{"role": "user", "content": message}]}
    if not isinstance(params, Mapping):
        problem = "has neither a user_message nor params" if params is None else "has params that are not an object"
        raise BatchInputError(index, problem)
    if params.get("stream") is True:
        raise BatchInputError(index, "asks for a stream; a batch cannot stream")
    return {"custom_id": wire_id, "params": params}


def _chunks(items: List[Dict[str, Any]]) -> Iterator[List[Dict[str, Any]]]:
    chunk: List[Dict[str, Any]] = []
    size = _ENVELOPE_BYTES
    for item in items:
        item_size = len(json.dumps(item, separators=(",", ":"), default=str).encode("utf-8")) + 1
        if chunk and (len(chunk) == _MAX_ITEMS or size + item_size > _MAX_BYTES):
            yield chunk
            chunk, size = [], _ENVELOPE_BYTES
        chunk.append(item)
        size += item_size
    yield chunk


def _split_job_id(batch_id: str) -> List[str]:
    ids = [each.strip() for each in batch_id.split(",")] if isinstance(batch_id, str) else []
    if not ids or len(set(ids)) != len(ids) or not all(_JOB_ID.fullmatch(each) for each in ids):
        raise ValueError(f"not the id of a batch job: {str(batch_id)[:80]!r}")
    return ids


def _wait(batches: Any, ids: List[str], timeout_sec: Optional[float], sleep: Callable[[float], None]) -> None:
    running, waited, failed = list(ids), 0.0, 0
    for pause in pauses():
        try:
            running = [each for each in running if batches.retrieve(each).processing_status != "ended"]
            failed = 0
        except Exception as error:
            failed += 1
            if not is_passing(error) or failed > _MOST_FAILED_ROUNDS:
                raise
        if not running:
            return
        if timeout_sec is not None and waited >= timeout_sec:
            raise TimeoutError(f"the batch has not ended after {waited:.0f} s; ask again later: {','.join(ids)}")
        # As often as 60 requests a minute allow, for all batches of the job together.
        pause = max(pause, float(len(running)))
        pause = pause if timeout_sec is None else min(pause, max(0.05, timeout_sec - waited))
        sleep(pause)
        waited += pause


def _read_line(line: Mapping[str, Any]) -> Dict[str, Any]:
    custom_id = batch_user_id(str(line.get("custom_id")))
    result = as_mapping(line.get("result"))
    if result.get("type") == "succeeded":
        message = as_mapping(result.get("message"))
        blocks = [as_mapping(block) for block in message.get("content") or []]
        text = "".join(str(block.get("text") or "") for block in blocks if block.get("type") == "text")
        return {"custom_id": custom_id, "text": text, "usage": dict(as_mapping(message.get("usage")))}
    kind, message_text = _failure_of(result)
    return {"custom_id": custom_id, "error": {"type": kind, "message": message_text}}


def _failure_of(result: Mapping[str, Any]) -> Tuple[str, str]:
    kind = str(result.get("type"))
    if kind != "errored":
        return kind, f"The item was {kind} before it ran."
    # The API wraps the error in an envelope of its own.
    envelope = as_mapping(result.get("error"))
    error = as_mapping(envelope.get("error")) or envelope
    return str(error.get("type") or "api_error"), str(error.get("message") or "The API gave no reason.")


def _in_order(found: List[Dict[str, Any]], custom_ids: Sequence[str]) -> List[Dict[str, Any]]:
    by_id = {entry["custom_id"]: entry for entry in found}
    missing = {"type": "missing", "message": "There is no result for this id."}
    ordered = [by_id.pop(each, {"custom_id": each, "error": missing}) for each in custom_ids]
    return [*ordered, *by_id.values()]
