"""Calls that may wait: a gateway answers them with a job, in a batch at half the price where there is time for one."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional
from urllib.parse import urlsplit
from uuid import uuid4

from .checks import check_listed, check_mapping
from .errors import error_from_wire
from .gateway import check_name, is_guarded, require_synchronous
from .values import as_mapping
from .waiting import is_passing, pauses

if TYPE_CHECKING:
    from anthropic.types import Message

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNDER_WAY = ("waiting", "batched", "direct")
_MOST_FAILED_ROUNDS = 5
_SUBMIT_TIMEOUT_SEC = 60
#: As long as the API answers what is not streamed.
_ANSWER_TIMEOUT_SEC = 600


class DeferredCallError(Exception):
    """A call that waited has no answer. ``id`` is the call's, ``outcome`` says what became of it:

    ``failed``, with the API's name of the error as ``type``; ``canceled``; ``interrupted``: it was on its way when the
    gateway ended, may have been paid, and is not sent again by itself; ``unknown``: there is no such call for this
    client, or its answer is not kept any more.
    """

    def __init__(self, id: str, outcome: str, type: Optional[str], message: str) -> None:
        super().__init__(id, outcome, type, message)
        self.id = id
        self.outcome = outcome
        self.type = type

    def __str__(self) -> str:
        return str(self.args[3])


class DeferredCall:
    """A call that waits at a gateway. Its ``id`` is all that another process needs: see :func:`deferred`."""

    def __init__(self, client: Any, id: str) -> None:
        self._client = client
        #: Of the call, at its gateway.
        self.id = _check_id(id)

    def __repr__(self) -> str:
        return f"DeferredCall({self.id!r})"

    def status(self) -> str:
        """``waiting``, ``batched`` or ``direct``; in the end ``succeeded``, ``failed``, ``canceled``, ``interrupted``.

        Raises ``DeferredCallError`` if there is no such call.
        """
        return str(self._ask("get").get("status"))

    def result(self, *, timeout_sec: Optional[float] = None, sleep: Callable[[float], None] = time.sleep) -> Message:
        """Waits for the answer with growing pauses: a message of the official package.

        Raises ``DeferredCallError`` if there will be none, a ``RunGuardError`` if the call was refused in the end,
        ``TimeoutError`` after ``timeout_sec`` (the call goes on waiting), else what the client raises.
        """
        waited, failed, ticks = 0.0, 0, pauses()
        while True:
            try:
                job = self._ask("get")
                failed = 0
                if job.get("status") not in _UNDER_WAY:
                    return self._read(job)
            except Exception as error:
                failed += 1
                if not is_passing(error) or failed > _MOST_FAILED_ROUNDS:
                    raise
            if timeout_sec is not None and waited >= timeout_sec:
                raise TimeoutError(f"the call has no answer after {waited:.0f} s; ask again later: {self.id}")
            pause = next(ticks)
            pause = pause if timeout_sec is None else min(pause, max(0.05, timeout_sec - waited))
            sleep(pause)
            waited += pause

    def cancel(self) -> bool:
        """Gives the call up; false if it has ended otherwise. What is on its way by then is paid all the same."""
        return self._ask("delete").get("status") == "canceled"

    def _ask(self, method: str) -> Mapping[str, Any]:
        place = urlsplit(str(self._client.base_url))
        url = f"{place.scheme}://{place.netloc}/runguard/jobs/{_check_id(self.id)}"
        try:
            return as_mapping(getattr(self._client, method)(url, cast_to=object))
        except Exception as error:
            if getattr(error, "status_code", None) != 404:
                raise
            said = as_mapping(getattr(error, "body", None)).get("reason")
            message = said if isinstance(said, str) else "There is no such call."
            raise DeferredCallError(self.id, "unknown", None, message) from error

    def _read(self, job: Mapping[str, Any]) -> Message:
        from anthropic.types import Message

        if job.get("status") == "succeeded":
            return Message.construct(**as_mapping(job.get("message")))
        error = as_mapping(job.get("error"))
        refusal = error_from_wire(402, {}, {"error": error})
        if refusal is not None:
            raise refusal
        message = str(error.get("message") or "The call has no answer.")
        raise DeferredCallError(self.id, str(job.get("status")), error.get("type"), message)


class _AnsweredCall(DeferredCall):
    """A call that might have waited and was answered at once: there is nothing to ask for, and nothing to give up."""

    def __init__(self, client: Any, id: str, message: Message) -> None:
        super().__init__(client, id)
        self._message = message

    def status(self) -> str:
        return "succeeded"

    def result(self, *, timeout_sec: Optional[float] = None, sleep: Callable[[float], None] = time.sleep) -> Message:
        return self._message

    def cancel(self) -> bool:
        return False


def defer(
    client: Any,
    params: Mapping[str, Any],
    within: str = "6h",
    *,
    when: str = "always",
    idempotency_key: Optional[str] = None,
) -> DeferredCall:
    """Hands a call that may wait to a gateway, which answers it ``within`` that time: from ``"1m"`` to ``"7d"``.

    ``client`` is one of :func:`guard`, synchronous; ``params`` are those of ``client.messages.create``. The call goes
    out in a batch with others at half the price, and by itself in time where no batch answers it. Deferring again with
    the same ``idempotency_key`` gives the same call. The gateway keeps the request until then, and the answer for days.

    With ``when="degraded"`` it waits only where the ladder of a budget is at its step ``defer`` and a batch can answer
    it. Else it is answered before this returns; of such a call nothing is kept, and no other process finds it.

    Raises a ``RunGuardError`` if it is refused, ``TypeError`` for a client that is not guarded, ``ValueError`` for
    another ``when``, else what the client raises.
    """
    _check_client(client)
    check_mapping("params", params)
    check_listed("messages", params.get("messages"))
    if when not in ("always", "degraded"):
        raise ValueError(f"when is 'always' or 'degraded', not {when!r:.80}")
    # A stream is refused by the gateway, whatever its budgets say.
    may_only = when == "degraded" and not params.get("stream")
    key = check_name("idempotency_key", idempotency_key or str(uuid4()))
    wish = "x-runguard-may-wait" if may_only else "x-runguard-defer"
    headers: Dict[str, str] = {wish: check_name("time", within), "idempotency-key": key}
    # With a limit of its own the client does not ask for a stream where the answer may be long.
    timeout_sec = _ANSWER_TIMEOUT_SEC if may_only else _SUBMIT_TIMEOUT_SEC
    more = {"extra_headers": {**(params.get("extra_headers") or {}), **headers}, "timeout": timeout_sec}
    raw = client.messages.with_raw_response.create(**{**params, **more})
    status, told = raw.http_response.status_code, raw.http_response.headers
    if may_only and status == 200 and _is_id(told.get("x-runguard-request-id")):
        return _AnsweredCall(client, told["x-runguard-request-id"], raw.parse())
    job = as_mapping(raw.http_response.json() if status == 202 else None)
    if not _is_id(job.get("id")):
        raise ConnectionError(
            "This gateway defers no calls: it answered without the id of a job. Is it an older version?"
        )
    return DeferredCall(client, job["id"])


def deferred(client: Any, id: str) -> DeferredCall:
    """The call of this id, deferred by whatever process with the same credential.

    Asks nobody. Raises ``ValueError`` for what is no id, ``TypeError`` for a client that is not guarded.
    """
    _check_client(client)
    return DeferredCall(client, id)


def _check_id(id: object) -> str:
    """What gateways give as ids, and nothing that could lead to another page."""
    if not _is_id(id):
        raise ValueError(f"not the id of a call: {id!r:.80}")
    return str(id)


def _is_id(id: object) -> bool:
    return isinstance(id, str) and _ID.fullmatch(id) is not None


def _check_client(client: Any) -> None:
    if not is_guarded(client):
        raise TypeError("Calls are deferred by a gateway: give a client that guard() made.")
    require_synchronous(client, "defer()")
