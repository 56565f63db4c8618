"""The official client through a RunGuard gateway, with refusals as exceptions of this package."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, TypeVar, Union, overload
from urllib.parse import urlsplit

from .errors import GatewayUnreachableError, error_from_wire

if TYPE_CHECKING:
    import anthropic

DEFAULT_GATEWAY = "http://127.0.0.1:4141"

Client = TypeVar("Client")

_HEADER_TEXT = re.compile(r"[!-~](?:[ -~]{0,1998}[!-~])?")
_PROBE_TIMEOUT_SEC = 3
_NO_PACKAGE = "This needs the official client: pip install anthropic"


@overload
def guard(
    client: None = None,
    gateway: str = ...,
    *,
    session: Optional[str] = ...,
    task: Optional[str] = ...,
    tags: Union[str, Sequence[str]] = ...,
    project: Optional[str] = ...,
    user: Optional[str] = ...,
    check: bool = ...,
) -> anthropic.Anthropic: ...


@overload
def guard(
    client: Client,
    gateway: str = ...,
    *,
    session: Optional[str] = ...,
    task: Optional[str] = ...,
    tags: Union[str, Sequence[str]] = ...,
    project: Optional[str] = ...,
    user: Optional[str] = ...,
    check: bool = ...,
) -> Client: ...


def guard(
    client: Any = None,
    gateway: str = DEFAULT_GATEWAY,
    *,
    session: Optional[str] = None,
    task: Optional[str] = None,
    tags: Union[str, Sequence[str]] = (),
    project: Optional[str] = None,
    user: Optional[str] = None,
    check: bool = True,
) -> Any:
    """A client of the same kind whose calls go through a gateway that is running.

    ``client`` is an ``anthropic.Anthropic`` or ``AsyncAnthropic``, and stays as it is; without one an ``Anthropic()``
    is made from the environment. ``session``, ``task``, ``tags``, ``project`` and ``user`` say on whose account the
    calls are. A refusal is raised as ``BudgetExceededError``, ``LoopDetectedError``, ``BreakerOpenError`` or another
    ``RunGuardError`` after one request; every other error is the official package's own.

    Raises ``GatewayUnreachableError`` if no gateway answers at the address (``check=False`` does not ask),
    ``TypeError`` for another kind of client, ``ValueError`` for an address that is none or a name that no header can
    carry, and ``ImportError`` without the official package. Nothing is started.
    """
    address = gateway_address(gateway)
    headers = account_headers(session=session, task=task, tags=tags, project=project, user=user)
    base = official_client() if client is None else client
    guarded = _guarded_class(_family_of(base), base.__class__)
    if check:
        probe(address)
    copy = base.copy(base_url=address, default_headers=headers)
    copy.__class__ = guarded
    return copy


def official_client() -> Any:
    """``anthropic.Anthropic()``. Raises ``ImportError``, with what to do, without the official package."""
    try:
        import anthropic
    except ImportError as cause:
        raise ImportError(_NO_PACKAGE) from cause
    return anthropic.Anthropic()


def gateway_address(gateway: str) -> str:
    """The address as clients take it: they add ``/v1`` themselves. Raises ``ValueError`` if it is none."""
    try:
        parts = urlsplit(gateway)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (ValueError, AttributeError, TypeError):
        is_address = False
    if not is_address:
        raise ValueError(f"not the address of a gateway: {gateway!r}")
    return re.sub(r"/v1$", "", gateway.rstrip("/"))


def account_headers(
    *,
    session: Optional[str] = None,
    task: Optional[str] = None,
    tags: Union[str, Sequence[str]] = (),
    project: Optional[str] = None,
    user: Optional[str] = None,
) -> Dict[str, str]:
    """The headers that say on whose account a call is. Raises ``ValueError`` for names that no header can carry."""
    listed = [tags] if isinstance(tags, str) else list(tags)
    for tag in listed:
        if "," in tag:
            raise ValueError(f"a tag has no commas: {tag!r}")
    named = {"session": session, "project": project, "user": user, "task": task, "tag": ",".join(listed) or None}
    return {f"x-runguard-{name}": _check_text(name, text) for name, text in named.items() if text is not None}


def gateway_environment(
    gateway: str = DEFAULT_GATEWAY,
    *,
    session: Optional[str] = None,
    task: Optional[str] = None,
    tags: Union[str, Sequence[str]] = (),
    project: Optional[str] = None,
    user: Optional[str] = None,
) -> Dict[str, str]:
    """The environment for a program that shall go through a gateway, such as the ``env`` of the Claude Agent SDK.

    It has the address, the account as headers of every request, and the switch that makes Claude Code tell prompts and
    subagents apart. Raises ``ValueError`` as :func:`guard` does; asks nobody.
    """
    headers = account_headers(session=session, task=task, tags=tags, project=project, user=user)
    environment = {"ANTHROPIC_BASE_URL": gateway_address(gateway), "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1"}
    if headers:
        environment["ANTHROPIC_CUSTOM_HEADERS"] = "\n".join(f"{name}: {text}" for name, text in headers.items())
    return environment


def probe(address: str) -> None:
    """Raises ``GatewayUnreachableError`` unless a gateway answers at the address, within three seconds."""
    # Nobody reaches their own machine through a proxy.
    is_local = urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")
    handlers = [urllib.request.ProxyHandler({})] if is_local else []
    opener = urllib.request.build_opener(*handlers)
    page = "{0.scheme}://{0.netloc}/runguard/health".format(urlsplit(address))
    try:
        with opener.open(page, timeout=_PROBE_TIMEOUT_SEC) as got:
            answer = json.loads(got.read(10_000))
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "reason", cause)
        raise GatewayUnreachableError(_unreachable(address, str(reason))) from cause
    if not isinstance(answer, dict) or answer.get("status") != "ok":
        raise GatewayUnreachableError(_unreachable(address, "something else answers there"))


def _unreachable(address: str, reason: str) -> str:
    advice = "Start one with `npx runguard start`, or give its address."
    return f"No RunGuard gateway answers at {address} ({reason}). {advice}"


def _check_text(name: str, text: str) -> str:
    if isinstance(text, str) and _HEADER_TEXT.fullmatch(text):
        return text
    raise ValueError(f"the {name} is sent as a header: it has to be plain characters, without spaces around it")


def _family_of(client: object) -> type:
    """The class of the official package that a client is of; clients of other clouds have addresses of their own."""
    try:
        import anthropic
    except ImportError as cause:
        raise ImportError(_NO_PACKAGE) from cause
    for family in (anthropic.Anthropic, anthropic.AsyncAnthropic):
        if isinstance(client, family):
            return family
    raise TypeError(f"guard() takes an anthropic.Anthropic or AsyncAnthropic, not {type(client).__name__}")


@lru_cache(maxsize=None)
def _guarded_class(family: type, base: type) -> type:
    """The class of the client, whose errors are told apart. Copies (``with_options``) are of the same class."""
    if getattr(base, "_is_runguard", False):
        return base
    # The one place where every version of the client turns an answer, or an event of a stream, into an exception.
    if not hasattr(family, "_make_status_error"):
        raise TypeError("This version of the official client is not supported: use anthropic 0.60 or newer.")

    def _make_status_error(self: Any, err_msg: str, *, body: object, response: Any) -> Exception:
        # An event in the middle of a stream is an error although the status of its answer is 200.
        found = error_from_wire(max(400, response.status_code), response.headers, body)
        if found is None:
            make_error: Any = getattr(base, "_make_status_error")  # noqa: B009
            return make_error(self, err_msg, body=body, response=response)  # type: ignore[no-any-return]
        found.response = response
        return found

    members = {"_is_runguard": True, "_make_status_error": _make_status_error, "__module__": __name__}
    return type(f"Guarded{family.__name__}", (base,), members)
