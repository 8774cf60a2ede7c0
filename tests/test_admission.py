"""Tokens that are good once, and outcomes that are remembered for a while."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bridge import admission
from bridge.admission import MemoryAdmissions
from bridge.call.actions import Outcome
from tests.support.ends import sid


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def check(test: Callable[[MemoryAdmissions, Clock], Awaitable[None]]) -> None:
    clock = Clock()

    async def main() -> None:
        await test(MemoryAdmissions(60.0, clock), clock)

    asyncio.run(main())


def test_a_token_is_good_once() -> None:
    async def test(admissions: MemoryAdmissions, clock: Clock) -> None:
        admitted = await admissions.admit(sid(1))
        assert admitted.fresh
        assert await admissions.redeem(admitted.token) == sid(1)
        assert await admissions.redeem(admitted.token) is None
        assert await admissions.redeem("") is None

    check(test)


@pytest.mark.parametrize(("after_s", "good"), [(59.9, True), (60.0, False)])
def test_a_token_lives_for_its_time(after_s: float, good: bool) -> None:
    async def test(admissions: MemoryAdmissions, clock: Clock) -> None:
        admitted = await admissions.admit(sid(1))
        clock.now += after_s
        assert (await admissions.redeem(admitted.token) == sid(1)) is good

    check(test)


def test_asking_again_is_no_news_until_the_token_has_expired() -> None:
    async def test(admissions: MemoryAdmissions, clock: Clock) -> None:
        first = await admissions.admit(sid(1))
        clock.now += 30
        again = await admissions.admit(sid(1))
        assert (again.token, again.fresh) == (first.token, False)
        clock.now += 31
        anew = await admissions.admit(sid(1))
        assert anew.fresh and anew.token != first.token
        assert await admissions.redeem(first.token) is None
        assert await admissions.redeem(anew.token) == sid(1)

    check(test)


def test_a_running_call_is_not_admitted_anew_until_it_was_concluded() -> None:
    async def test(admissions: MemoryAdmissions, clock: Clock) -> None:
        first = await admissions.admit(sid(1))
        await admissions.redeem(first.token)
        clock.now += 3600
        assert not (await admissions.admit(sid(1))).fresh
        await admissions.conclude(sid(1), Outcome.COMPLETED)
        assert (await admissions.admit(sid(1))).fresh

    check(test)


def test_an_outcome_is_known_once_there_is_one() -> None:
    async def test(admissions: MemoryAdmissions, clock: Clock) -> None:
        await admissions.admit(sid(1))
        assert await admissions.outcome(sid(1)) is None
        await admissions.conclude(sid(1), Outcome.MODEL_LOST)
        assert await admissions.outcome(sid(1)) is Outcome.MODEL_LOST
        await admissions.conclude(sid(2), Outcome.COMPLETED)  # of which nobody knows
        assert await admissions.outcome(sid(2)) is None

    check(test)


def test_tokens_cannot_be_guessed_and_fit_into_a_path() -> None:
    async def test(admissions: MemoryAdmissions, clock: Clock) -> None:
        tokens = {(await admissions.admit(sid(number))).token for number in range(50)}
        assert len(tokens) == 50
        assert all(len(token) == 32 and token.replace("-", "_").isascii() for token in tokens)
        assert not any(set(token) & set("/?#%+") for token in tokens)

    check(test)


def test_only_so_many_calls_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "REMEMBERED_CALLS", 3)

    async def test(admissions: MemoryAdmissions, clock: Clock) -> None:
        for number in range(5):
            admitted = await admissions.admit(sid(number))
            await admissions.redeem(admitted.token)
            await admissions.conclude(sid(number), Outcome.COMPLETED)
        known = [await admissions.outcome(sid(number)) is not None for number in range(5)]
        assert known == [False, False, True, True, True]

    check(test)


def test_the_token_of_a_forgotten_call_is_forgotten_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "REMEMBERED_CALLS", 1)

    async def test(admissions: MemoryAdmissions, clock: Clock) -> None:
        old = await admissions.admit(sid(1))
        await admissions.admit(sid(2))
        assert await admissions.redeem(old.token) is None

    check(test)
