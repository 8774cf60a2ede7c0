"""Model sessions opened ahead; in virtual time."""

import asyncio

import pytest

from bridge.transport.model import ModelPeer, ModelUnavailable
from bridge.warm import WarmModels
from bridge.wire.dialect import GA
from tests.support.sockets import MemorySocket
from tests.support.virtual_time import left_over, run

OPENING_S = 0.5


class Service:
    def __init__(self) -> None:
        self.sockets: list[MemorySocket] = []
        self.refuses = False
        self.given_up = 0

    async def open_session(self) -> ModelPeer:
        try:
            await asyncio.sleep(OPENING_S)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if self.refuses:
            raise ModelUnavailable("refused")
        self.sockets.append(MemorySocket())
        return ModelPeer(self.sockets[-1], GA)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_what_was_opened_ahead_is_there_at_once() -> None:
    async def main() -> None:
        service = Service()
        warm = WarmModels(20)
        warm.expect("a", service.open_session)
        warm.expect("a", service.open_session)
        await asyncio.sleep(1)
        asked = now()
        peer = await warm.take("a", service.open_session)
        assert now() == asked
        assert len(service.sockets) == 1
        assert len(warm) == 0
        await asyncio.sleep(60)  # its time-out is gone
        assert not service.sockets[0].closed
        await peer.close()

    run(main())


def test_who_comes_early_waits_for_the_rest_only() -> None:
    async def main() -> None:
        service = Service()
        warm = WarmModels(20)
        warm.expect("a", service.open_session)
        await asyncio.sleep(0.3)
        await warm.take("a", service.open_session)
        assert now() == pytest.approx(OPENING_S, abs=0.001)

    run(main())


def test_who_was_not_expected_gets_a_session_of_his_own() -> None:
    async def main() -> None:
        service = Service()
        await WarmModels(20).take("a", service.open_session)
        assert len(service.sockets) == 1

    run(main())


def test_a_refusal_is_told_to_the_call_it_is_for() -> None:
    async def main() -> None:
        service = Service()
        service.refuses = True
        warm = WarmModels(20)
        warm.expect("a", service.open_session)
        await asyncio.sleep(1)
        with pytest.raises(ModelUnavailable):
            await warm.take("a", service.open_session)

    run(main())


@pytest.mark.parametrize("after_s", [0.1, 2.0])
def test_a_dropped_session_is_closed_whether_open_or_not(after_s: float) -> None:
    async def main() -> None:
        service = Service()
        warm = WarmModels(20)
        warm.expect("a", service.open_session)
        await asyncio.sleep(after_s)
        await warm.drop("a")
        await warm.drop("a")
        assert service.given_up + len(service.sockets) == 1
        assert all(socket.closed for socket in service.sockets)
        assert await left_over() == set()

    run(main())


@pytest.mark.parametrize("after_s", [0.1, OPENING_S, OPENING_S + 0.0000001])
def test_a_call_that_ends_while_it_waits_leaves_no_session_open(after_s: float) -> None:
    async def main() -> None:
        service = Service()
        warm = WarmModels(20)
        warm.expect("a", service.open_session)
        taking = asyncio.create_task(warm.take("a", service.open_session))
        await asyncio.sleep(after_s)
        if taking.cancel():
            with pytest.raises(asyncio.CancelledError):
                await taking
            assert all(socket.closed for socket in service.sockets)
        assert len(warm) == 0

    run(main())


def test_at_the_end_all_are_closed() -> None:
    async def main() -> None:
        service = Service()
        warm = WarmModels(20)
        warm.expect("a", service.open_session)
        await asyncio.sleep(1)
        warm.expect("b", service.open_session)
        await warm.close()
        assert [socket.closed for socket in service.sockets] == [True]
        assert service.given_up == 1
        await warm.emptied()
        assert await left_over() == set()

    run(main())


def test_a_bug_while_opening_reaches_the_call_it_is_for() -> None:
    async def broken() -> ModelPeer:
        raise RuntimeError("a bug")

    async def main() -> None:
        warm = WarmModels(20)
        warm.expect("a", broken)
        await asyncio.sleep(1)
        with pytest.raises(RuntimeError):
            await warm.take("a", broken)

    run(main())


def test_a_session_that_was_lost_meanwhile_is_replaced_by_a_new_one() -> None:
    async def main() -> None:
        service = Service()
        warm = WarmModels(20)

        async def heard() -> ModelPeer:
            peer = await service.open_session()
            peer.listen(lambda events: None, lambda why: None)
            return peer

        warm.expect("a", heard)
        await asyncio.sleep(1)
        service.sockets[0].break_off("closed with 1006")
        await asyncio.sleep(1)
        peer = await warm.take("a", heard)
        assert len(service.sockets) == 2
        assert peer.why_closed is None
        await peer.close()

    run(main())
