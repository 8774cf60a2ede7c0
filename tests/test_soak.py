"""Many calls one after the other leave nothing behind: no task, no socket, no memory."""

import asyncio
import ctypes
import gc
from pathlib import Path

import psutil

from bridge.call.actions import Outcome
from bridge.rehearsal.scenario import caller_says
from bridge.sim.carrier.caller import At, HangUp, Say, ScriptedCaller
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.model.reply import Reply, Spoken
from bridge.sim.voice.timecode import decode_all
from tests.support.house import standing, until
from tests.support.switchboard import Switchboard
from tests.support.virtual_time import left_over, run

GROWTH_MAX_MB = 5.0
WARM_UP = 300  # calls, after which caches and pools have their size
AT_ONCE = 10  # calls over sockets take real time
STREAM = StreamProfile(start_delay_ms=20)
# Greeted, asks, hears the beginning of the answer.
SHORT = (Say(caller_says(200), At(0.1)), HangUp(At(1.1)))
BRIEF = (Reply((Spoken("hello", duration_ms=300),)),)


def heard_ms(ulaw: bytes) -> int:
    return 20 * sum(slot is not None for slot in decode_all(ulaw))


def rss_mb() -> float:
    """What is left when garbage is collected and free memory is given back to the system."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc keeps what is free
    if trim is not None:
        trim(0)
    rss: int = psutil.Process().memory_info().rss
    return rss / 2**20


class Growth:
    """Of resident memory since it was told that all is warm."""

    def __init__(self) -> None:
        self._warm_mb = 0.0

    def warm(self) -> None:
        self._warm_mb = rss_mb()

    @property
    def mb(self) -> float:
        return rss_mb() - self._warm_mb


async def calls_in_virtual_time(count: int, growth: Growth) -> None:
    board = Switchboard(BRIEF)
    for number in range(WARM_UP + count):
        if number == WARM_UP:
            growth.warm()
        assert await board.call(number, SHORT) is Outcome.CALLER_HUNG_UP
        assert await left_over() == set()
        assert board.registry.running == board.open_models == 0
        (model,) = board.models
        assert len(model.session.responses) == 2 and not model.session.errors
        board.models.clear()


def test_a_thousand_calls_one_after_the_other_leave_nothing() -> None:
    growth = Growth()
    run(calls_in_virtual_time(1000, growth))
    assert growth.mb <= GROWTH_MAX_MB, f"{growth.mb:.1f} MB"


async def calls_over_sockets(state_dir: Path, count: int, growth: Growth) -> None:
    process = psutil.Process()
    async with asyncio.timeout(60), standing(state_dir, script=BRIEF) as house:

        async def one() -> None:
            result = await house.call(ScriptedCaller(SHORT), stream_profile=STREAM)
            assert result.ended_by == "caller"
            assert not result.warnings and not result.errors
            assert heard_ms(result.heard) > 300

        async def rest() -> tuple[int, int]:
            await until(lambda: not house.server.registry.running)
            await until(lambda: not house.server.server_state.tasks)
            await house.http.aclose()
            await until(lambda: not house.server.server_state.connections)
            return len(asyncio.all_tasks()), process.num_fds()

        for _ in range(3):
            await asyncio.gather(*(one() for _ in range(AT_ONCE)))
        before = await rest()
        growth.warm()
        for _ in range(count // AT_ONCE):
            await asyncio.gather(*(one() for _ in range(AT_ONCE)))
        assert await rest() == before


def test_a_hundred_calls_over_sockets_leave_nothing(tmp_path: Path) -> None:
    growth = Growth()
    asyncio.run(calls_over_sockets(tmp_path, 100, growth))
    assert growth.mb <= GROWTH_MAX_MB, f"{growth.mb:.1f} MB"
