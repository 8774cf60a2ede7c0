"""What does not depend on the machine: one call costs the sound nothing."""

import asyncio

from tests.bench.fidelity import Fidelity, fidelity
from tests.bench.one_call import one_call


def test_no_frame_is_lost_nothing_heard_has_a_gap_and_pass_through_is_identical() -> None:
    async def both() -> list[Fidelity]:
        formats = ("pcm16", "g711_ulaw")
        calls = await asyncio.gather(*(one_call(audio_format, 3) for audio_format in formats))
        return [
            fidelity(carried, record, audio_format)
            for (carried, record, _), audio_format in zip(calls, formats, strict=True)
        ]

    wide, narrow = asyncio.run(both())
    assert (wide.frames_lost, narrow.frames_lost) == (0, 0)
    assert (wide.gaps, narrow.gaps) == (0, 0)
    assert abs(wide.gain_in_db) < 0.1 and abs(wide.gain_out_db) < 0.1
    assert narrow.identical_in and narrow.identical_out
