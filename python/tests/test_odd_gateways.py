"""What answers is no gateway, or dies while it does: nothing hangs, every error says what is wrong."""

import asyncio
import json
from typing import Any, Iterator

import pytest

anthropic = pytest.importorskip("anthropic")

from odd_server import BLOCK, PIECE, REFUSAL, START, OddServer, serve_greeting  # noqa: E402

from runguard import BudgetExceededError, GatewayUnreachableError, OptimizedAgentSession, guard  # noqa: E402

ASK: Any = {"model": "claude-haiku-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def odd() -> Iterator[OddServer]:
    with OddServer() as server:
        yield server


@pytest.mark.parametrize(
    "page", [b"<html>Sign in</html>", b"[" * 9_999, b"\xff\xfe{}", b"[]", b'{"status":"sad"}', b""]
)
def test_a_page_that_is_no_gateways_is_said_to_be_something_else(odd: OddServer, page: bytes) -> None:
    odd.health = page
    with pytest.raises(GatewayUnreachableError, match="something else answers there"):
        guard(gateway=odd.url)


def test_what_does_not_speak_http_is_something_else_too() -> None:
    with pytest.raises(GatewayUnreachableError, match="something else answers there"):
        guard(gateway=serve_greeting(b"SSH-2.0-OpenSSH\r\n"))


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_gateway_on_this_machine_is_reached_past_a_proxy(
    odd: OddServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = guard(anthropic.Anthropic(max_retries=0), odd.url)
    assert client.messages.create(**ASK).content[0].text == "Hello."
    assert client.with_options(timeout=5).messages.create(**ASK).content[0].text == "Hello."

    async def talk() -> str:
        message = await guard(anthropic.AsyncAnthropic(max_retries=0), odd.url).messages.create(**ASK)
        return str(message.content[0].text)

    assert asyncio.run(talk()) == "Hello."


def test_an_http_client_that_its_user_made_stays(odd: OddServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    own = anthropic.DefaultHttpxClient(proxy="http://127.0.0.1:9")
    with pytest.raises(anthropic.APIConnectionError):
        guard(anthropic.Anthropic(http_client=own, max_retries=0), odd.url).messages.create(**ASK)


def test_a_refusal_in_the_middle_of_a_stream_is_the_same_exception(odd: OddServer) -> None:
    odd.stream(START, BLOCK, PIECE, REFUSAL)
    client = guard(gateway=odd.url)
    with pytest.raises(BudgetExceededError, match="ä") as caught:
        list(client.messages.create(**ASK, stream=True))
    assert (caught.value.scope, caught.value.limit_usd, caught.value.request_id) == ("user:ann", 5, "rg_1")

    async def talk() -> None:
        async with guard(anthropic.AsyncAnthropic(), odd.url).messages.stream(**ASK) as stream:
            await stream.get_final_message()

    with pytest.raises(BudgetExceededError):
        asyncio.run(talk())


def test_a_session_pays_for_what_came_before_the_refusal_or_the_break(odd: OddServer) -> None:
    for end in ([REFUSAL], []):
        odd.stream(START, BLOCK, PIECE, *end, is_cut=not end)
        session = OptimizedAgentSession(client=guard(gateway=odd.url))
        with pytest.raises(Exception, match="No money|peer closed"):
            session.turn("classify", "hi")
        assert session.spent > 0 and session.costs[0].problems == ("broken-off",)
        assert session.messages == []


def test_a_session_says_so_where_a_page_comes_instead_of_a_stream(odd: OddServer) -> None:
    odd.kind, odd.body = "text/html", b"<html>Sign in</html>"
    session = OptimizedAgentSession(client=guard(gateway=odd.url))
    with pytest.raises(ConnectionError, match="not the API"):
        session.turn("classify", "hi")
    assert (session.messages, session.costs) == ([], [])


def test_raw_and_beta_calls_are_refused_alike(odd: OddServer) -> None:
    odd.status, odd.body = 402, json.dumps(REFUSAL).encode()
    client = guard(gateway=odd.url)
    for create in (client.messages.with_raw_response.create, client.beta.messages.create):
        with pytest.raises(BudgetExceededError):
            create(**ASK)
    assert len(odd.requests) == 2


def test_a_cancelled_call_is_cancelled_and_the_client_goes_on(odd: OddServer) -> None:
    async def talk() -> str:
        client = guard(anthropic.AsyncAnthropic(max_retries=0), odd.url)
        call = asyncio.ensure_future(client.messages.create(**ASK))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return str((await client.messages.create(**ASK)).content[0].text)

    assert asyncio.run(talk()) == "Hello."


@pytest.mark.parametrize("cloud", ["AnthropicFoundry", "AnthropicAWS"])
def test_clients_of_other_clouds_keep_their_keys_to_themselves(odd: OddServer, cloud: str) -> None:
    made = getattr(anthropic, cloud, None)
    if made is None:
        pytest.skip(f"this version has no {cloud}")
    with pytest.raises(TypeError, match=cloud):
        guard(made.__new__(made), odd.url)
    assert odd.requests == []
