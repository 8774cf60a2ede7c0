"""The truth about an interruption comes from the carrier's buffer."""

from dataclasses import replace

from bridge.demo.barge_ins import barge_ins
from bridge.sim.carrier.playback import Run
from bridge.sim.carrier.stream import ClearRecord
from tests.demo.calls import CUT, MS, OPENED_AT, STREAM, TOLD


def test_true_milliseconds_are_what_had_left_of_the_item() -> None:
    (cut,) = barge_ins(STREAM, [TOLD])
    assert (cut.told_ms, cut.true_ms, cut.error_ms) == (2990, 3000.0, -10.0)
    assert (cut.at_s, cut.item_id, cut.start_confirmed) == (3.5, "item_1", True)


def test_what_the_bridge_believes_was_heard_changes_nothing_of_the_truth() -> None:
    (cut,) = barge_ins(STREAM, [TOLD | {"heard_ms": 1.0, "told_ms": 1}])
    assert (cut.true_ms, cut.error_ms) == (3000.0, -2999.0)


def test_a_beginning_where_the_carrier_did_not_begin_to_play_is_not_confirmed() -> None:
    (cut,) = barge_ins(STREAM, [TOLD | {"from_bytes": 80}])
    assert not cut.start_confirmed


def test_each_clear_finds_the_item_that_was_playing() -> None:
    second = ClearRecord(OPENED_AT + 6.0, 4500 * MS, 0, ())
    stream = replace(STREAM, clears=(CUT, second))
    later = TOLD | {"item_id": "item_2", "from_bytes": 4000 * MS, "told_ms": 500}
    cuts = barge_ins(stream, [TOLD, later])
    assert [(cut.item_id, cut.true_ms, cut.error_ms) for cut in cuts] == [
        ("item_1", 3000.0, -10.0),
        ("item_2", 500.0, 0.0),
    ]


def test_of_two_items_played_without_a_gap_the_last_one_begun_was_cut() -> None:
    whole = TOLD | {"told_ms": None, "why": "heard to the end"}
    second = TOLD | {"item_id": "item_2", "from_bytes": 2000 * MS, "told_ms": 1000}
    stream = replace(
        STREAM, played=(Run(500 * MS, 0, 2000 * MS), Run(2520 * MS, 2000 * MS, 1000 * MS))
    )
    (cut,) = barge_ins(stream, [whole, second])
    assert (cut.item_id, cut.error_ms, cut.start_confirmed) == ("item_2", 0.0, True)


def test_a_clear_of_nothing_and_an_item_that_was_not_truncated_have_no_error() -> None:
    (silent,) = barge_ins(STREAM, [])
    assert (silent.error_ms, silent.why) == (None, "nothing was playing")
    (whole,) = barge_ins(STREAM, [TOLD | {"told_ms": None, "why": "heard to the end"}])
    assert (whole.error_ms, whole.true_ms, whole.why) == (None, 3000.0, "heard to the end")
