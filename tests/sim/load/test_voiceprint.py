from bridge.sim.load.voiceprint import BLOCK_SLOTS, BLOCKS, block_of, said
from bridge.sim.voice.timecode import decode_all


def test_each_frame_of_a_call_tells_the_call_and_its_place() -> None:
    for number in (0, 47, 48, 700, BLOCKS - 1):
        slots = decode_all(said(number, 2000))
        assert len(slots) == 100
        for index, slot in enumerate(slots):
            assert slot is not None
            assert block_of(number).place(slot.stream, slot.slot) == index % BLOCK_SLOTS
            assert block_of(number + 1).place(slot.stream, slot.slot) is None


def test_blocks_are_all_different_and_go_round() -> None:
    assert len({block_of(number) for number in range(BLOCKS)}) == BLOCKS
    assert block_of(BLOCKS) == block_of(0)


def test_noise_leaves_the_voice_readable() -> None:
    clean, noisy = said(5, 1000), said(5, 1000, noise_dbfs=-52.0)
    assert clean != noisy
    assert decode_all(clean) == decode_all(noisy)
