"""Live calls in virtual time, between simulated peers over sockets in memory."""

import pytest

from bridge.call.actions import Outcome
from bridge.sim.carrier.profile import StreamProfile
from tests.support.stage import ASKS, HELLO, Stage, spoken
from tests.support.virtual_time import run


def test_a_call_from_greeting_to_hang_up() -> None:
    async def main() -> Stage:
        stage = Stage(ASKS, (HELLO, spoken(2000)))
        assert await stage.run() is Outcome.CALLER_HUNG_UP
        return stage

    stage = run(main())
    assert not stage.carrier.stream.warnings
    assert not stage.model.session.errors
    assert [slot.slot for slot in stage.heard] == [*range(50), *range(100)]
    said = [line.heard for line in stage.live.call.transcript.lines() if line.role == "assistant"]
    assert said == ["hello", "words"]
    assert stage.near.closed


@pytest.mark.parametrize(
    ("sends_stop", "closes", "outcome", "silent_s"),
    [
        (True, True, Outcome.CALLER_HUNG_UP, 0),
        (True, False, Outcome.CALLER_HUNG_UP, 0),
        (False, True, Outcome.CARRIER_LOST, 0),
        (False, False, Outcome.CARRIER_LOST, 30),
    ],
)
def test_the_call_ends_however_the_caller_hangs_up(
    sends_stop: bool, closes: bool, outcome: Outcome, silent_s: float
) -> None:
    async def main() -> Stage:
        stage = Stage(stream=StreamProfile(sends_stop=sends_stop))
        stage.carrier.closes = closes
        assert await stage.run() is outcome
        return stage

    stage = run(main())
    assert all(socket.closed for socket in stage.sockets)
    assert stage.live.ended_at is not None
    last_frame_at = 0.02 * len(stage.carrier.stream.sent_ulaw) / 160
    assert stage.live.ended_at - last_frame_at == pytest.approx(silent_s, abs=0.1)
