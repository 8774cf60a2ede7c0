"""When each side was heard."""

from bridge.demo.stretches import Stretch, agent_stretches, caller_stretches
from bridge.sim.carrier.playback import Run
from tests.demo.calls import OPENED_AT, RECORDS, TEXTS


def test_a_short_silence_is_a_pause_and_a_long_one_ends_the_turn() -> None:
    played = (Run(0, 0, 8000), Run(10_000, 8000, 8000), Run(40_000, 16_000, 4000))
    assert agent_stretches(played, ["one", "two"]) == [
        Stretch(0.0, 2.25, "one"),
        Stretch(5.0, 5.5, "two"),
    ]


def test_words_are_left_out_where_they_do_not_match_the_turns() -> None:
    assert agent_stretches((Run(0, 0, 8000),), ["one", "two"]) == [Stretch(0.0, 1.0)]


def test_the_callers_turns_are_those_that_were_said_to_the_end() -> None:
    assert caller_stretches(RECORDS, OPENED_AT, TEXTS) == [
        Stretch(3.0, 4.0, TEXTS[0]),
        Stretch(7.0, 7.5, TEXTS[1]),
    ]
