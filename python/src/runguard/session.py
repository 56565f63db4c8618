"""A conversation with a budget: it routes, caches, notices loops, and knows to the nano-dollar what it has spent."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Union
from urllib.parse import urlsplit
from uuid import uuid4

from .caching import System, mark_request, mark_tail
from .costs import Cost, cost, likely_nano
from .errors import BudgetExceededError, LoopDetectedError, error_from_api_error
from .loops import LoopDetector, LoopMatch
from .money import NANO_PER_USD, decimal_usd, format_usd, read_dollars
from .routes import select_model
from .usage import TokenCounts, UsageContext, as_mapping, read_usage

_FIRST_INPUT_TOKENS = 4_000
_FIRST_OUTPUT_TOKENS = 500
_SHOWN_CHARACTERS = 80
_BYTES_PER_TOKEN = 3
_API_HOST = "api.anthropic.com"
_SESSION_HEADER = "x-runguard-session"
# An answer of fewer tokens says nothing.
_LEAST_OUTPUT_TOKENS = 16


class AgentStoppedError(Exception):
    """The model refused to answer. ``message`` is its answer, which is paid for."""

    def __init__(self, explanation: str, message: Any) -> None:
        super().__init__(f"The model refused: {explanation}.")
        self.message = message


@dataclass
class _Habit:
    """What a session has learned from its calls."""

    calls: int = 0
    output_tokens: int = 0
    model: Optional[str] = None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    last_output_tokens: int = 0


class OptimizedAgentSession:
    """A conversation with a budget, without tools.

    ``client`` is an ``anthropic.Anthropic``, guarded by a gateway or not; without one it is made from the environment.
    ``budget_usd`` is dollars, ``5.0`` or ``"$0.50"``. The model of a turn is chosen by :func:`select_model` with
    ``preset``, ``tiers`` and ``tasks``, unless ``model`` fixes it. ``repeats`` equal turns in a row are a loop.
    ``params`` go with every request (``thinking``, ``metadata``, ...).

    Before a call its likely cost is compared with what is left, and ``max_tokens`` is lowered to what is left. The size
    of the prompt is an estimate; a budget of the gateway holds it exactly. Raises ``ValueError`` for amounts and counts
    that are none. A session does one thing at a time.
    """

    def __init__(
        self,
        budget_usd: Union[float, str] = 5.0,
        *,
        client: Any = None,
        system_prompt: Optional[System] = None,
        max_tokens: int = 16_000,
        repeats: int = 3,
        max_cycle_len: int = 3,
        model: Optional[str] = None,
        preset: str = "current",
        tiers: Optional[Mapping[str, str]] = None,
        tasks: Optional[Mapping[str, str]] = None,
        caching: bool = True,
        params: Optional[Mapping[str, Any]] = None,
        id: Optional[str] = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        _check_count("max_tokens", max_tokens)
        self._budget_nano = read_dollars("budget_usd", budget_usd)
        self._loops = LoopDetector(repeats, max_cycle_len)
        select_model("", 0, preset=preset, tiers=tiers, tasks=tasks)
        self._routing: Dict[str, Any] = {"preset": preset, "tiers": tiers, "tasks": tasks}
        if client is None:
            from .gateway import official_client

            client = official_client()
        self._client = client
        self._system = system_prompt
        self._max_tokens = max_tokens
        self._model = model
        self._caching = caching
        self._params = dict(params or {})
        self._now = now
        self._habit = _Habit()
        self._is_busy = False
        #: Under this name it is in errors and on a gateway; that of ``guard(session=...)`` if the client has one.
        self.id = id or _session_of(client) or str(uuid4())
        #: The conversation, oldest first: a list of messages that the API takes.
        self.messages: List[Dict[str, Any]] = []
        #: What every call has cost, the newest last.
        self.costs: List[Cost] = []

    @property
    def budget(self) -> float:
        """What the session may spend, in dollars."""
        return self._budget_nano / NANO_PER_USD

    @property
    def spent(self) -> float:
        """What it has spent so far, in dollars: the cost of every call that has ended."""
        return self.spent_nano / NANO_PER_USD

    @property
    def spent_nano(self) -> int:
        """The same in whole nano-dollars, exactly."""
        return sum(each.nano for each in self.costs)

    def turn(self, task_type: str, user_message: str) -> str:
        """Asks the model for the task, and answers its text; one cut short by ``max_tokens`` as far as it came.

        Raises ``BudgetExceededError`` before a call that costs more than is left, ``LoopDetectedError`` if this turn
        only repeats the ones before, ``AgentStoppedError`` if the model refuses, ``ValueError`` for an empty message, a
        refusal of the gateway as the error of its kind, and what the client raises. The conversation is then as before.
        """
        if not isinstance(user_message, str) or not user_message.strip():
            raise ValueError("The message is empty.")
        if self._is_busy:
            raise RuntimeError("The session is busy: wait for the turn under way, or start another session.")
        self._is_busy = True
        before = list(self.messages)
        try:
            self.messages.append({"role": "user", "content": [{"type": "text", "text": user_message}]})
            return self._answer(task_type, user_message)
        except BaseException:
            self.messages = before
            raise
        finally:
            self._is_busy = False

    def _answer(self, task_type: str, words: str) -> str:
        new_tokens = self._new_tokens()
        content = new_tokens + self._habit.prompt_tokens + self._habit.last_output_tokens
        model = self._model or select_model(task_type, content, **self._routing)
        self._check_money(model, content)
        match = self._loops.record(_signature(model, words))
        if match is not None:
            raise LoopDetectedError(_loop_message(match), match=match)
        message = self._call(model, task_type, self._affordable_tokens(model, content))
        if message.stop_reason == "refusal":
            details = as_mapping(getattr(message, "stop_details", None))
            reason = details.get("explanation") or details.get("category") or "it gave no reason"
            raise AgentStoppedError(str(reason), message)
        self._keep(message)
        return "".join(block.text for block in message.content if block.type == "text")

    def _call(self, model: str, task_type: str, max_tokens: int) -> Any:
        request = self._request(model, max_tokens)
        headers = self._headers(task_type)
        started = self._now()
        try:
            # A stream, because long answers in one piece outlast connections.
            with self._client.messages.stream(**request, extra_headers=headers) as stream:
                try:
                    message = stream.get_final_message()
                except BaseException:
                    self._book_broken(stream, model, started)
                    raise
        except Exception as error:
            refusal = error_from_api_error(error)
            if refusal is None or refusal is error:
                raise
            raise refusal from error
        self._book(message.usage, message.model, model, started)
        return message

    def _request(self, model: str, max_tokens: int) -> Dict[str, Any]:
        request = {**self._params, "model": model, "max_tokens": max_tokens, "messages": list(self.messages)}
        if self._system:
            request["system"] = self._system
        return mark_tail(mark_request(request)) if self._caching else request

    def _headers(self, task_type: str) -> Dict[str, str]:
        """On whose account a gateway books the call; without a gateway that is nobody's business."""
        if urlsplit(str(getattr(self._client, "base_url", ""))).hostname == _API_HOST:
            return {}
        is_plain = task_type.isascii() and task_type.isprintable() and task_type.strip() == task_type != ""
        return {_SESSION_HEADER: self.id, **({"x-runguard-task": task_type} if is_plain else {})}

    def _keep(self, message: Any) -> None:
        """Takes over the answer as it came, but for what the API says and does not take back."""
        blocks = [block.to_dict() for block in message.content]
        kept = [block for block in blocks if not (block["type"] == "text" and not block["text"].strip())]
        while kept and kept[-1]["type"] in ("thinking", "redacted_thinking"):
            kept.pop()
        if kept:
            self.messages.append({"role": "assistant", "content": kept})

    def _book(self, usage: object, answered: str, asked: str, at: float) -> None:
        ttl = "5m" if self._caching else None
        self.costs.append(cost(usage, answered, at, requested_model=asked, requested_ttl=ttl))
        counts = read_usage(usage, UsageContext(answered)).counts
        habit = self._habit
        habit.calls += 1
        habit.output_tokens += counts.output
        habit.model, habit.prompt_tokens, habit.last_output_tokens = asked, counts.prompt, counts.output
        habit.cached_tokens = counts.read + counts.write5m + counts.write1h

    def _book_broken(self, stream: Any, asked: str, at: float) -> None:
        """What a stream that broke off has cost at the least: its prompt, and the text that came."""
        try:
            seen = stream.current_message_snapshot
        except (AssertionError, AttributeError):
            return
        text = "".join(getattr(block, "text", "") or "" for block in seen.content)
        usage = dict(as_mapping(seen.usage))
        usage["output_tokens"] = max(usage.get("output_tokens") or 0, _tokens_in(text))
        self._book(usage, seen.model, asked, at)
        self.costs[-1] = replace(self.costs[-1], problems=(*self.costs[-1].problems, "broken-off"))

    def _new_tokens(self) -> int:
        """Likely tokens of what the next call says for the first time."""
        first = [self._system or "", self._params] if self._habit.calls == 0 else []
        return _tokens_in(json.dumps([*first, self.messages[-1]], ensure_ascii=False, default=str))

    def _likely_counts(self, model: str, content: int, output: int) -> TokenCounts:
        """What the cache holds is taken to be read from it, by the model that put it there."""
        prompt = content if self._habit.calls else max(_FIRST_INPUT_TOKENS, content)
        read = min(self._habit.cached_tokens, prompt) if self._habit.model == model else 0
        return TokenCounts(input=prompt - read, read=read, output=output)

    def _check_money(self, model: str, content: int) -> None:
        calls = self._habit.calls
        usual = -(-self._habit.output_tokens // calls) if calls else _FIRST_OUTPUT_TOKENS
        counts = self._likely_counts(model, content, min(usual, self._max_tokens))
        needed = likely_nano(model, counts, self._now() * 1_000)
        left = max(0, self._budget_nano - self.spent_nano)
        if needed > left:
            raise self._over_budget(needed, left)

    def _affordable_tokens(self, model: str, content: int) -> int:
        """``max_tokens``, lowered to what is left beside the likely prompt: an answer shall not pass the budget."""
        at_ms = self._now() * 1_000
        prompt = TokenCounts(write5m=content) if self._caching else TokenCounts(input=content)
        left = self._budget_nano - self.spent_nano - likely_nano(model, prompt, at_ms)
        each = likely_nano(model, TokenCounts(output=1_000_000), at_ms) // 1_000_000
        return min(self._max_tokens, max(_LEAST_OUTPUT_TOKENS, left // max(1, each)))

    def _over_budget(self, needed: int, left: int) -> BudgetExceededError:
        message = (
            f"The next call needs about {format_usd(needed)}, and of the session's budget of "
            f"{format_usd(self._budget_nano)} {format_usd(left)} is left. Start a session with a larger budget, or go "
            "on with a cheaper model."
        )
        details = {
            "reason": "exhausted",
            "scope": f"session:{self.id}",
            "window": "session",
            "limit_usd": decimal_usd(self._budget_nano),
            "spent_usd": decimal_usd(self.spent_nano),
            "held_usd": "0",
            "needed_usd": decimal_usd(needed),
            "resets_at": None,
        }
        return BudgetExceededError(message, details=details)


def _check_count(name: str, count: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"{name} must be a whole number, 1 or more: {count!r} is not")


def _session_of(client: Any) -> Optional[str]:
    headers = getattr(client, "default_headers", None)
    named = headers.get(_SESSION_HEADER) if isinstance(headers, Mapping) else None
    return named if isinstance(named, str) and named else None


def _signature(model: str, words: str) -> str:
    """Prompts of one template begin alike: what tells them apart may come late."""
    digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    rest = f"…{digest}" if len(words) > _SHOWN_CHARACTERS else ""
    return f"{model}:{words[:_SHOWN_CHARACTERS]}{rest}"


def _loop_message(match: LoopMatch) -> str:
    shown = ", then ".join(signature.split("…")[0] for signature in match.cycle)
    return (
        f"The agent repeats itself: {shown}, {match.repeats} times in a row. It was stopped; ask for something else to "
        "go on."
    )


def _tokens_in(text: str) -> int:
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)
