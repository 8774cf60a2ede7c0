import pytest

from bridge.sim.load.frames import frames_of
from bridge.sim.voice.timecode import LEVEL_DBFS, Slot
from tests.sim.load.scene import tones

CHIME = bytes([0x80, 0x00] * 250)  # 500 bytes: three frames and an eighth


def slots(ulaw: bytes) -> list[Slot]:
    return [slot for slot in frames_of(ulaw).slots if slot]


def of_item(stream: int, frames: int) -> list[Slot]:
    return [Slot(stream, n) for n in range(frames)]


@pytest.mark.parametrize("n_bytes", [0, 160, 20, 80, 140, 500])
def test_an_item_is_read_from_its_first_frame_on_wherever_it_begins(n_bytes: int) -> None:
    found = frames_of(CHIME[:n_bytes] + tones(3, 1000))
    assert [slot for slot in found.slots if slot] == of_item(3, 50)
    assert found.starts[found.slots.index(Slot(3, 0))] == n_bytes


def test_each_item_has_a_phase_of_its_own() -> None:
    ulaw = tones(0, 1000) + CHIME + tones(1, 400) + CHIME[:100] + tones(2, 600)
    assert slots(ulaw) == of_item(0, 50) + of_item(1, 20) + of_item(2, 30)


def test_an_item_that_follows_a_short_frame_at_once_is_read_whole() -> None:
    found = slots(tones(0, 1010) + tones(1, 400))
    assert [slot for slot in found if slot.stream == 1] == of_item(1, 20)


def test_frames_come_one_after_the_other() -> None:
    starts = frames_of(tones(0, 1010) + CHIME + tones(1, 430) + tones(2, 400)).starts
    assert starts == sorted(set(starts))


def test_what_is_no_code_is_no_slot() -> None:
    found = frames_of(CHIME)
    assert (found.starts, found.slots) == ([0, 160, 320], [None] * 3)
    assert found.levels_dbfs == pytest.approx([-0.18] * 3, abs=0.2)


def test_nothing_and_less_than_a_frame_hold_no_frame() -> None:
    assert frames_of(b"").starts == frames_of(CHIME[:159]).starts == []


def test_the_level_is_that_of_the_sound() -> None:
    assert frames_of(tones(0, 100)).levels_dbfs == pytest.approx([LEVEL_DBFS] * 5, abs=0.2)
    assert frames_of(b"\xff" * 160).levels_dbfs == pytest.approx([-120.0])
