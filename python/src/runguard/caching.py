"""Prompt caching: markers on the prefix that every call repeats, and what the cache did for an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from .checks import check_count, check_listed, check_optional, check_system, check_text, show
from .gateway import official_client
from .routes import TIER_MODELS
from .usage import UsageContext, find_usage, read_usage
from .values import SPACES, as_mapping

_MAX_MARKS = 4
_UNMARKABLE = ("thinking", "redacted_thinking")

#: A system prompt: a text, or content blocks.
System = Union[str, Sequence[Mapping[str, Any]]]
Request = Dict[str, Any]


@dataclass(frozen=True)
class CacheHit:
    """The prompt of a call by how its tokens were billed."""

    cache_read_tokens: int
    cache_write_tokens: int
    """Written to the cache, whatever the lifetime."""
    regular_input_tokens: int
    """Neither read nor written."""
    cache_hit_rate: float
    """Read, as a share of the whole prompt: 0 to 1, and 0 for no prompt at all."""


def check_cache_hit(response: object) -> CacheHit:
    """What the cache did for an answer: a message of the API, or its ``usage``, as objects or mappings.

    Counters that are null or absent count as 0. Raises ``TypeError`` if there is no usage in it.
    """
    usage = find_usage(response)
    if "input_tokens" not in usage and "output_tokens" not in usage:
        raise TypeError("There is no usage in this response: give the message that the API answered, or its usage.")
    counts = read_usage(usage, UsageContext("")).counts
    rate = counts.read / counts.prompt if counts.prompt else 0.0
    return CacheHit(counts.read, counts.write5m + counts.write1h, counts.input, rate)


def with_cache(
    system: Optional[System] = None, tools: Optional[Sequence[Mapping[str, Any]]] = None, *, ttl: str = "5m"
) -> Request:
    """The system prompt and the tools with cache markers, as keyword arguments of ``client.messages.create``.

    Marked are the last block of the system prompt, and the last of the tools. Markers of your own stay as they are,
    and nothing is changed in place. A prefix below the minimum of its model (512 to 4,096 tokens) is not cached at all.
    Raises ``ValueError`` for a lifetime that is neither ``5m`` nor ``1h``, ``TypeError`` for a system prompt or tools
    that are none.
    """
    check_optional(check_system, "system", system)
    check_optional(check_listed, "tools", tools)
    request: Request = {}
    if system is not None:
        request["system"] = system
    if tools is not None:
        request["tools"] = list(tools)
    return mark_request(request, ttl)


def mark_request(request: Mapping[str, Any], ttl: str = "5m") -> Request:
    """A whole request with its static prefix marked. Only free ones of the four slots are used."""
    if ttl not in ("5m", "1h"):
        raise ValueError(f"a cache lifetime is '5m' or '1h', not {show(ttl)}")
    marked = dict(request)
    free = _MAX_MARKS - len(_marks_of(request))
    system = _mark_system(request, ttl) if free > 0 else None
    if system is not None:
        marked["system"] = system
        free -= 1
    tools = _mark_tools(request, ttl) if free > 0 else None
    if tools is not None:
        marked["tools"] = tools
    return marked


def mark_tail(request: Mapping[str, Any]) -> Request:
    """The request with a marker on its last block, so that the next call of the conversation reads all of it."""
    messages = _as_list(request.get("messages"))
    marks = _marks_of(request)
    if not messages or len(marks) >= _MAX_MARKS or _top_mark(request):
        return dict(request)
    last = messages[-1]
    content = _mark_last_block(_as_blocks(last.get("content")), _mark_for("5m", marks, []))
    return dict(request) if content is None else {**request, "messages": [*messages[:-1], {**last, "content": content}]}


def call_with_caching(
    messages: Sequence[Mapping[str, Any]],
    *,
    client: Any = None,
    model: Optional[str] = None,
    max_tokens: int = 1_024,
    system: Optional[System] = None,
    tools: Optional[Sequence[Mapping[str, Any]]] = None,
    ttl: str = "5m",
    **params: Any,
) -> Any:
    """``client.messages.create`` with the static prefix marked: system prompt and last tool.

    Without a client an ``anthropic.Anthropic()`` is made; without a model the medium tier's is called. An asynchronous
    client's call has to be awaited. Answers the message, of which :func:`check_cache_hit` tells what the cache did.
    Raises ``TypeError`` and ``ValueError`` for arguments that no call can be made of.
    """
    check_listed("messages", messages)
    check_count("max_tokens", max_tokens)
    check_optional(check_text, "model", model)
    check_optional(check_system, "system", system)
    check_optional(check_listed, "tools", tools)
    client = official_client() if client is None else client
    if not callable(getattr(getattr(client, "messages", None), "create", None)):
        raise TypeError(f"client is an anthropic.Anthropic or AsyncAnthropic, not {show(client)}")
    request = {**params, "model": model or TIER_MODELS["current"]["medium"], "max_tokens": max_tokens}
    request["messages"] = list(messages)
    if system is not None:
        request["system"] = system
    if tools is not None:
        request["tools"] = list(tools)
    return client.messages.create(**mark_request(request, ttl))


def _mark_system(request: Mapping[str, Any], ttl: str) -> Optional[List[Any]]:
    later = [*_message_marks(request), *_top_mark(request)]
    return _mark_last_block(_as_blocks(request.get("system")), _mark_for(ttl, _own_marks(request.get("tools")), later))


def _mark_tools(request: Mapping[str, Any], ttl: str) -> Optional[List[Any]]:
    tools = _as_list(request.get("tools"))
    # The API refuses a marker on a tool whose definition it loads later.
    ready = [at for at, tool in enumerate(tools) if not _is_deferred(tool)]
    later = [*_own_marks(request.get("system")), *_message_marks(request), *_top_mark(request)]
    return _mark_at(tools, ready[-1], _mark_for(ttl, _own_marks(tools), later)) if ready else None


def _is_deferred(tool: object) -> bool:
    return isinstance(tool, Mapping) and tool.get("defer_loading") is True


def _mark_for(ttl: str, before: Sequence[str], after: Sequence[str]) -> Dict[str, str]:
    """The marker for a place. The API wants those that live for an hour before those that live for five minutes."""
    is_hour = (ttl == "1h" and "5m" not in before) or "1h" in after
    return {"type": "ephemeral", "ttl": "1h"} if is_hour else {"type": "ephemeral"}


def _mark_last_block(blocks: List[Any], mark: Dict[str, str]) -> Optional[List[Any]]:
    """Marks the last block that may carry a marker; ``None`` if it has one already, or there is none."""
    places = [at for at, block in enumerate(blocks) if _is_markable(block)]
    return _mark_at(blocks, places[-1], mark) if places else None


def _mark_at(blocks: List[Any], at: int, mark: Dict[str, str]) -> Optional[List[Any]]:
    block = as_mapping(blocks[at])
    if _is_mark(block.get("cache_control")):
        return None
    return [*blocks[:at], {**block, "cache_control": mark}, *blocks[at + 1 :]]


def _is_markable(block: object) -> bool:
    fields = as_mapping(block)
    kind, text = fields.get("type"), fields.get("text")
    if kind == "text":
        return isinstance(text, str) and bool(text.strip(SPACES))
    return isinstance(kind, str) and kind not in _UNMARKABLE


def _marks_of(request: Mapping[str, Any]) -> List[str]:
    """The lifetimes of all markers of a request, the automatic one included."""
    tools, system = _own_marks(request.get("tools")), _own_marks(request.get("system"))
    return [*tools, *system, *_message_marks(request), *_top_mark(request)]


def _message_marks(request: Mapping[str, Any]) -> List[str]:
    messages = _as_list(request.get("messages"))
    return [mark for message in messages for mark in _own_marks(as_mapping(message).get("content"), True)]


def _top_mark(request: Mapping[str, Any]) -> List[str]:
    mark = request.get("cache_control")
    return [_ttl_of(mark)] if _is_mark(mark) else []


def _own_marks(blocks: object, has_parts: bool = False) -> List[str]:
    """Parts of a tool result may carry markers too."""
    found: List[str] = []
    for block in _as_list(blocks):
        fields = as_mapping(block)
        if has_parts:
            found.extend(_own_marks(fields.get("content")))
        if _is_mark(fields.get("cache_control")):
            found.append(_ttl_of(fields["cache_control"]))
    return found


def _is_mark(value: object) -> bool:
    return isinstance(value, (Mapping, list))


def _ttl_of(mark: object) -> str:
    return "1h" if as_mapping(mark).get("ttl") == "1h" else "5m"


def _as_blocks(content: object) -> List[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else _as_list(content)


def _as_list(value: object) -> List[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []
