"""Gateways that want a key of their own."""

import os

import pytest

anthropic = pytest.importorskip("anthropic")

from runguard import RunGuardError, cost, gateway_environment, guard  # noqa: E402

ASK = {"model": "claude-haiku-5-5", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def keyed_url() -> str:
    url = os.environ.get("RUNGUARD_TEST_KEYED_GATEWAY")
    if not url:
        pytest.skip("needs a gateway with keys: npm run test:python starts one")
    return url


def test_a_key_of_the_gateway_is_all_that_a_program_needs(
    keyed_url: str, session_name: str, state_fact: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    client = guard(gateway=keyed_url, session=session_name, api_key=os.environ["RUNGUARD_TEST_KEY"])
    message = client.messages.create(**ASK)
    assert message.content[0].text == "You said: hi"
    state_fact(session_name, spentNano=cost(message.usage, message.model).nano)  # type: ignore[operator]


def test_without_a_key_or_with_a_wrong_one_the_error_says_so_after_one_request(
    keyed_url: str, session_name: str, state_fact: object
) -> None:
    for api_key, code in ((None, "runguard_key_required"), ("rgk_none_of_ours", "runguard_key_refused")):
        client = guard(gateway=keyed_url, api_key=api_key)
        with pytest.raises(RunGuardError, match="(?i)key") as caught:
            client.messages.create(**ASK)
        assert (caught.value.code, caught.value.response.status_code) == (code, 401)
        with pytest.raises(RunGuardError):
            with client.messages.stream(**ASK):
                raise AssertionError("it was not refused")


def test_the_environment_of_another_program_carries_the_key() -> None:
    assert gateway_environment(api_key="rgk_1")["ANTHROPIC_AUTH_TOKEN"] == "rgk_1"
    with pytest.raises(ValueError):
        gateway_environment(api_key="rgk\n1")
