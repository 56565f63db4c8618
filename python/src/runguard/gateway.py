"""The official client through a RunGuard gateway, with refusals as exceptions of this package."""

from __future__ import annotations

import json
import re
import urllib.request
from functools import lru_cache
from http.client import HTTPException
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Dict, Iterable, Optional, Sequence, TypeVar, Union, overload
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
    api_key: Optional[str] = ...,
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
    api_key: Optional[str] = ...,
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
    api_key: Optional[str] = None,
    check: bool = True,
) -> Any:
    """A client of the same kind whose calls go through a gateway that is running.

    ``client`` is an ``anthropic.Anthropic`` or ``AsyncAnthropic``, and stays as it is; without one an ``Anthropic()``
    is made from the environment. ``session``, ``task``, ``tags``, ``project`` and ``user`` say on whose account the
    calls are; ``api_key`` is a key of the gateway (``rgk_...``), for one that wants it. A refusal is raised as
    ``BudgetExceededError``, ``LoopDetectedError``, ``BreakerOpenError`` or another ``RunGuardError`` after one request;
    every other error is the official package's own.

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
    more = {} if api_key is None else {"api_key": check_name("api_key", api_key)}
    copy = base.copy(base_url=address, default_headers=headers, **more, **_direct_way(base, address))
    copy.__class__ = guarded
    return copy


def is_guarded(client: object) -> bool:
    """True for a client that :func:`guard` made, and for copies of it."""
    return bool(getattr(type(client), "_is_runguard", False))


def require_synchronous(client: object, what: str) -> None:
    """Raises ``TypeError`` for an asynchronous client, whose answers nobody here would wait for."""
    if iscoroutinefunction(getattr(client, "close", None)):
        raise TypeError(f"{what} takes an anthropic.Anthropic, not an asynchronous client")


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
        is_plain = re.search(r"[\s?#]", gateway) is None
    except (ValueError, AttributeError, TypeError):
        is_address = is_plain = False
    if not is_address or not is_plain:
        raise ValueError(f"not the address of a gateway: {gateway!r}")
    if parts.username is not None:
        raise ValueError("The address of a gateway has no credential in it: a key of the gateway is given as api_key.")
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
    named = {"session": session, "project": project, "user": user, "task": task, "tag": _join_tags(tags)}
    return {f"x-runguard-{name}": check_name(name, text) for name, text in named.items() if text is not None}


def gateway_environment(
    gateway: str = DEFAULT_GATEWAY,
    *,
    session: Optional[str] = None,
    task: Optional[str] = None,
    tags: Union[str, Sequence[str]] = (),
    project: Optional[str] = None,
    user: Optional[str] = None,
    api_key: Optional[str] = None,
) -> Dict[str, str]:
    """The environment for a program that shall go through a gateway, such as the ``env`` of the Claude Agent SDK.

    It has the address, the account as headers of every request, the key of the gateway if one is given, and the switch
    that makes Claude Code tell prompts and subagents apart. Raises ``ValueError`` as :func:`guard` does; asks nobody.
    """
    headers = account_headers(session=session, task=task, tags=tags, project=project, user=user)
    environment = {"ANTHROPIC_BASE_URL": gateway_address(gateway), "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1"}
    if headers:
        environment["ANTHROPIC_CUSTOM_HEADERS"] = "\n".join(f"{name}: {text}" for name, text in headers.items())
    if api_key is not None:
        # As a token, because Claude Code asks its user about every new key.
        environment["ANTHROPIC_AUTH_TOKEN"] = check_name("api_key", api_key)
    return environment


def probe(address: str) -> None:
    """Raises ``GatewayUnreachableError`` unless a gateway answers at the address, within three seconds."""
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if _is_local(address) else []))
    page = "{0.scheme}://{0.netloc}/runguard/health".format(urlsplit(address))
    try:
        with opener.open(page, timeout=_PROBE_TIMEOUT_SEC) as got:
            text = got.read(10_000)
    except OSError as cause:
        reason = getattr(cause, "reason", cause)
        raise GatewayUnreachableError(_unreachable(address, str(reason))) from cause
    except (HTTPException, ValueError) as cause:
        raise GatewayUnreachableError(_unreachable(address, "something else answers there")) from cause
    if not _is_health(text):
        raise GatewayUnreachableError(_unreachable(address, "something else answers there"))


def _is_health(text: bytes) -> bool:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and answer.get("status") == "ok"


def _is_local(address: str) -> bool:
    return urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")


def _direct_way(client: Any, address: str) -> Dict[str, Any]:
    """Nobody reaches their own machine through a proxy, and a proxy would read the key of every call.

    Where the environment names one, the HTTP client that the official package made for itself is replaced by one like
    it that goes to a gateway on this machine directly. One that its user made stays.
    """
    own: Any = getattr(client, "_client", None)
    is_default = type(own).__name__ in ("SyncHttpxClientWrapper", "AsyncHttpxClientWrapper")
    if not is_default or not _is_local(address) or not urllib.request.getproxies():
        return {}
    host = str(urlsplit(address).hostname)
    place = f"all://[{host}]" if ":" in host else f"all://{host}"
    return {"http_client": type(own)(timeout=own.timeout, mounts={place: None})}


def _unreachable(address: str, reason: str) -> str:
    advice = "Start one with `npx runguard start`, or give its address."
    return f"No RunGuard gateway answers at {address} ({reason}). {advice}"


def check_name(name: str, text: object) -> str:
    """A text that a header can carry as it is. Raises ``ValueError``, with its name, for anything else."""
    if isinstance(text, str) and _HEADER_TEXT.fullmatch(text):
        return text
    what = f"{text!r:.60} is not" if not isinstance(text, str) else f"{text[:60]!r} is not"
    raise ValueError(f"the {name} is sent as a header: it has to be a text of plain characters, trimmed; {what}")


def _join_tags(tags: Union[str, Iterable[str]]) -> Optional[str]:
    listed = [tags] if isinstance(tags, str) else tags
    if not isinstance(listed, (list, tuple, set, frozenset)):
        raise ValueError(f"tags are a text or a list of texts, not {tags!r:.60}")
    for tag in listed:
        if "," in check_name("tag", tag):
            raise ValueError(f"a tag has no commas: {tag!r}")
    return ",".join(listed) or None


def _family_of(client: object) -> type:
    """The class of the official package that a client is of; clients of other clouds have addresses of their own."""
    try:
        import anthropic
    except ImportError as cause:
        raise ImportError(_NO_PACKAGE) from cause
    is_other_cloud = any(each.__module__.startswith("anthropic.lib.") for each in type(client).__mro__)
    for family in (anthropic.Anthropic, anthropic.AsyncAnthropic):
        if isinstance(client, family) and not is_other_cloud:
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
