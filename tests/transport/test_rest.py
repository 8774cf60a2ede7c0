"""Hanging up over REST, against the simulated carrier's façade."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest

from bridge.cli.loop import run
from bridge.sim.carrier.phone import NotInProgress
from bridge.sim.carrier.rest import RestFacade
from bridge.transport import rest
from bridge.transport.rest import RestHangUp, no_hang_up
from tests.support.ends import ACCOUNT_SID, sid

TOKEN = "tok_0123456789abcdef"
KEY_SID, KEY_SECRET = "SK" + "c" * 32, "key-secret"


def check(
    monkeypatch: pytest.MonkeyPatch,
    test: Callable[[RestFacade, RestHangUp], Awaitable[None]],
    api_key: str | None = None,
    password: str = TOKEN,
    timeout_s: float = 2.0,
) -> None:
    monkeypatch.setattr(rest, "FIRST_RETRY_AFTER_S", 0.01)

    async def main() -> None:
        async with (
            asyncio.timeout(15),
            RestFacade(ACCOUNT_SID, TOKEN, {KEY_SID: KEY_SECRET}) as facade,
        ):
            hang_up = RestHangUp(api_key, password, facade.url, timeout_s)
            try:
                await test(facade, hang_up)
            finally:
                await hang_up.close()

    run(main())


def running(facade: RestFacade, number: int = 1) -> list[Mapping[str, str]]:
    """A call that can be hung up; the forms it was told."""
    forms: list[Mapping[str, str]] = []
    facade.calls.add(sid(number), forms.append, lambda: "in-progress")
    return forms


@pytest.mark.parametrize(
    ("user", "password"), [(None, TOKEN), (KEY_SID, KEY_SECRET)], ids=["token", "api key"]
)
def test_a_call_is_completed(
    monkeypatch: pytest.MonkeyPatch, user: str | None, password: str
) -> None:
    async def test(facade: RestFacade, hang_up: RestHangUp) -> None:
        forms = running(facade)
        assert await hang_up(ACCOUNT_SID, sid(1))
        assert forms == [{"Status": "completed"}]
        (request,) = facade.calls.requests
        assert request.path == f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls/{sid(1)}.json"

    check(monkeypatch, test, user, password)


def test_a_call_that_is_over_or_unknown_is_success(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(facade: RestFacade, hang_up: RestHangUp) -> None:
        def over(form: Mapping[str, str]) -> None:
            raise NotInProgress

        facade.calls.add(sid(1), over, lambda: "completed")
        assert await hang_up(ACCOUNT_SID, sid(1))  # 21220
        assert await hang_up(ACCOUNT_SID, sid(2))  # 404
        assert len(facade.calls.requests) == 2

    check(monkeypatch, test)


@pytest.mark.parametrize("codes", [(20500,), (20503, 20500), (20429,)])
def test_server_errors_are_tried_again(
    monkeypatch: pytest.MonkeyPatch, codes: tuple[int, ...]
) -> None:
    async def test(facade: RestFacade, hang_up: RestHangUp) -> None:
        forms = running(facade)
        facade.calls.fail_next.extend(codes)
        assert await hang_up(ACCOUNT_SID, sid(1))
        assert len(forms) == 1
        assert len(facade.calls.requests) == len(codes) + 1

    check(monkeypatch, test)


def test_there_is_an_end_to_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(facade: RestFacade, hang_up: RestHangUp) -> None:
        running(facade)
        facade.calls.fail_next.extend([20500] * 10)
        assert not await hang_up(ACCOUNT_SID, sid(1))
        assert len(facade.calls.requests) == rest.ATTEMPTS

    check(monkeypatch, test)


def test_what_will_not_change_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(facade: RestFacade, hang_up: RestHangUp) -> None:
        running(facade)
        assert not await hang_up(ACCOUNT_SID, sid(1))
        assert len(facade.calls.requests) == 1

    check(monkeypatch, test, password="wrong")


def test_an_api_that_does_not_answer_keeps_the_caller_for_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(facade: RestFacade, hang_up: RestHangUp) -> None:
        running(facade)
        facade.latency_s = 5.0
        began = asyncio.get_running_loop().time()
        assert not await hang_up(ACCOUNT_SID, sid(1))
        assert asyncio.get_running_loop().time() - began < 2

    check(monkeypatch, test, timeout_s=0.2)


def test_an_api_that_is_not_there_is_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "FIRST_RETRY_AFTER_S", 0.01)

    async def main() -> None:
        hang_up = RestHangUp(None, TOKEN, "http://127.0.0.1:9", 1.0)
        assert not await hang_up(ACCOUNT_SID, sid(1))
        await hang_up.close()

    run(main())


def test_without_credentials_nothing_is_hung_up() -> None:
    assert run(no_hang_up(ACCOUNT_SID, sid(1))) is False
