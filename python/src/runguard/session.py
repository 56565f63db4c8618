"""A conversation with a budget: it routes, caches, notices loops, and knows to the nano-dollar what it has spent."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from threading import Lock
from typing import Any, Callable, Dict, List, Mapping, Optional
from urllib.parse import urlsplit
from uuid import uuid4

from .caching import System, mark_request, mark_tail
from .checks import check, check_callable, check_count, check_mapping, check_optional, check_system, check_text
from .costs import Cost, cost, likely_nano
from .errors import BudgetExceededError, LoopDetectedError, error_from_api_error
from .gateway import check_name, official_client, require_synchronous
from .loops import LoopDetector, LoopMatch
from .money import NANO_PER_USD, Dollars, decimal_usd, format_usd, read_dollars
from .routes import select_model
from .spending import CallHabit, affordable_tokens, tokens_in
from .usage import TokenCounts, UsageContext, read_usage
from .values import SPACES, as_mapping

_SHOWN_CHARACTERS = 80
_API_HOST = "api.anthropic.com"
_SESSION_HEADER = "x-runguard-session"
_OWN_PARAMS = {"max_tokens", "messages", "model", "stream", "system", "tools"}


class AgentStoppedError(Exception):
    """The model refused to answer. ``message`` is its answer, which is paid for."""

    def __init__(self, explanation: str, message: Any) -> None:
        super().__init__(explanation, message)
        self.message = message

    def __str__(self) -> str:
        return f"The model refused: {self.args[0]}."


class OptimizedAgentSession:
    """A conversation with a budget, without tools.

    ``client`` is an ``anthropic.Anthropic``, guarded by a gateway or not; without one it is made from the environment.
    ``budget_usd`` is dollars, ``5.0`` or ``"$0.50"``. The model of a turn is chosen by :func:`select_model` with
    ``preset``, ``tiers`` and ``tasks``, unless ``model`` fixes it. ``repeats`` equal turns in a row are a loop.
    ``params`` go with every request (``thinking``, ``metadata``, ...).

    Before a call its likely cost is compared with what is left, and ``max_tokens`` is lowered to what is left. The size
    of the prompt is an estimate; a budget of the gateway holds it exactly. Raises ``ValueError`` for amounts, counts,
    names and params that are none, ``TypeError`` for a client that cannot do it. A session does one thing at a time.
    """

    def __init__(
        self,
        budget_usd: Dollars = 5.0,
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
        check_count("max_tokens", max_tokens)
        check_optional(check_system, "system_prompt", system_prompt)
        check_optional(check_text, "model", model)
        check("caching", caching, isinstance(caching, bool), "True or False")
        check_callable("now", now)
        self._budget_nano = read_dollars("budget_usd", budget_usd)
        self._loops = LoopDetector(repeats, max_cycle_len)
        select_model("", 0, preset=preset, tiers=tiers, tasks=tasks)
        self._routing: Dict[str, Any] = {"preset": preset, "tiers": tiers, "tasks": tasks}
        self._client = official_client() if client is None else _check_client(client)
        self._system = system_prompt
        self._max_tokens = max_tokens
        self._model = model
        self._caching = caching
        self._params = {} if params is None else _check_params(params)
        self._now = now
        self._habit = CallHabit()
        self._turns = Lock()
        #: Under this name it is in errors and on a gateway; that of ``guard(session=...)`` if the client has one.
        self.id = check_name("id", id or _session_of(self._client) or str(uuid4()))
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
        for words in (task_type, user_message):
            if not isinstance(words, str):
                raise TypeError(f"The task and the message are texts, not {type(words).__name__}.")
        if not user_message.strip(SPACES):
            raise ValueError("The message is empty.")
        if not self._turns.acquire(blocking=False):
            raise RuntimeError("The session is busy: wait for the turn under way, or start another session.")
        before = list(self.messages)
        try:
            self.messages.append({"role": "user", "content": [{"type": "text", "text": _whole(user_message)}]})
            return self._answer(task_type, user_message)
        except BaseException:
            self.messages = before
            raise
        finally:
            self._turns.release()

    def _answer(self, task_type: str, words: str) -> str:
        content = self._habit.known_tokens + self._new_tokens()
        model = self._model or select_model(task_type, content, **self._routing)
        max_tokens = self._check_money(model, content)
        match = self._loops.record(_signature(model, words))
        if match is not None:
            raise LoopDetectedError(_loop_message(match), match=match)
        message = self._call(model, task_type, max_tokens)
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
        except AssertionError as error:
            # The official package asserts that a stream has a message.
            raise ConnectionError("What answered is not the API: there is no message in its stream.") from error
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
        kept = [block for block in blocks if not (block["type"] == "text" and not block["text"].strip(SPACES))]
        while kept and kept[-1]["type"] in ("thinking", "redacted_thinking"):
            kept.pop()
        if kept:
            self.messages.append({"role": "assistant", "content": kept})

    def _book(self, usage: object, answered: str, asked: str, at: float) -> None:
        ttl = "5m" if self._caching else None
        self.costs.append(cost(usage, answered, at, requested_model=asked, requested_ttl=ttl))
        self._habit.learn(asked, read_usage(usage, UsageContext(answered)).counts)

    def _book_broken(self, stream: Any, asked: str, at: float) -> None:
        """What a stream that broke off has cost at the least: its prompt, and the text that came."""
        try:
            seen = stream.current_message_snapshot
        except (AssertionError, AttributeError):
            return
        if seen is None:
            return
        text = "".join(getattr(block, "text", "") or "" for block in seen.content)
        usage = dict(as_mapping(seen.usage))
        usage["output_tokens"] = max(usage.get("output_tokens") or 0, tokens_in(text))
        self._book(usage, seen.model, asked, at)
        self.costs[-1] = replace(self.costs[-1], problems=(*self.costs[-1].problems, "broken-off"))

    def _new_tokens(self) -> int:
        """Likely tokens of what the next call says for the first time."""
        first = [self._system or "", self._params] if self._habit.calls == 0 else []
        return tokens_in(json.dumps([*first, self.messages[-1]], ensure_ascii=False, default=str))

    def _check_money(self, model: str, content: int) -> int:
        """The longest answer, in tokens, that there is money for. Raises if there is none for a usual one."""
        at_ms = self._now() * 1_000
        needed = likely_nano(model, self._habit.likely_counts(model, content, self._max_tokens), at_ms)
        left = max(0, self._budget_nano - self.spent_nano)
        prompt = TokenCounts(write5m=content) if self._caching else TokenCounts(input=content)
        max_tokens = min(self._max_tokens, affordable_tokens(model, prompt, left, at_ms))
        # The API takes no request whose thinking could fill the whole answer.
        if needed > left or self._max_tokens > self._thinking_tokens() >= max_tokens:
            raise self._over_budget(max(needed, left), left)
        return max_tokens

    def _thinking_tokens(self) -> int:
        tokens = as_mapping(self._params.get("thinking")).get("budget_tokens")
        return tokens if isinstance(tokens, int) else 0

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


def _check_client(client: Any) -> Any:
    require_synchronous(client, "A session")
    if not callable(getattr(getattr(client, "messages", None), "stream", None)):
        raise TypeError(f"A session takes an anthropic.Anthropic, not {type(client).__name__}.")
    return client


def _check_params(params: Mapping[str, Any]) -> Dict[str, Any]:
    check_mapping("params", params)
    own = sorted(set(params) & _OWN_PARAMS)
    if own:
        raise ValueError(f"params of a session cannot have {', '.join(own)}: it sets them itself, and has no tools")
    return dict(params)


def _whole(text: str) -> str:
    """Half a character, as a text that was cut by its length ends with, is none that the API takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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
