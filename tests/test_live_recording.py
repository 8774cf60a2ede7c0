"""A call that runs, recorded: the tape has its end whatever ends the call."""

from bridge.call.tape import Ended, Reel, Tape
from bridge.recording.channels import Channels
from bridge.sim.carrier.caller import AfterAgent, HangUp
from bridge.wire.twilio import Start
from tests.support.stage import Stage
from tests.support.virtual_time import run


def test_a_live_call_is_recorded_from_its_start_to_its_end() -> None:
    reels: list[Reel] = []

    async def main() -> Stage:
        stage = Stage([HangUp(AfterAgent(quiet_ms=500))], tape=Tape(reels.append))
        await stage.run()
        return stage

    stage = run(main())
    events = [each for reel in reels for each in reel]
    assert isinstance(events[0][1], Start)
    assert isinstance(events[-1][1], Ended)
    assert [isinstance(event, Ended) for _, event in events].count(True) == 1
    channels = Channels()
    sound = b"".join(channels.feed(at, event) for at, event in events)
    seconds = (stage.live.ended_at or 0) - stage.live.began_at
    assert abs(len(sound) / 16_000 - seconds) <= 0.1
    sounding = len(sound) / 2 - sound[1::2].count(0xFF)
    assert sounding > 7_000  # the greeting was heard, almost a second
