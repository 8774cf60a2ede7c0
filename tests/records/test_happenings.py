"""What is said of a response, and of what its figures count from."""

import pytest

from bridge.records.happenings import FROM_SPEECH, FROM_VERDICT, happenings, sinces
from bridge.records.record import CallRecord, Turn
from tests.records.sample import NOON

SPOKEN: dict[str, float | None] = {"commit": 500.0, "total": 900.0}
UNHEARD: dict[str, float | None] = {"commit": 500.0, "total": None}


def told(turn: Turn) -> str:
    (only,) = happenings(CallRecord(call_sid="CA1", started_at=NOON, turns=(turn,)))
    return only.detail


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (Turn(1.0, {"commit": None, "total": None}, since="none"), "no speech came before it"),
        (Turn(1.0, SPOKEN, since="speech"), "heard 900 ms after the caller"),
        (Turn(1.0, UNHEARD, since="speech"), "never heard"),
        (
            Turn(1.0, SPOKEN, since="verdict"),
            "heard 900 ms after the model's verdict on the caller's turn",
        ),
        # An earlier release lost the answers to functions: nobody knows what came before this.
        (Turn(1.0, {"commit": None, "total": None}), ""),
        (Turn(1.0, SPOKEN), "heard 900 ms after the model's verdict on the caller's turn"),
    ],
)
def test_only_what_is_known_is_said_of_a_response(turn: Turn, words: str) -> None:
    assert told(turn) == words


def test_each_kind_of_figure_says_what_it_counts_from() -> None:
    greeting = Turn(0.1, {"commit": None}, since="none")
    assert list(sinces([greeting])) == []
    assert list(sinces([greeting, Turn(1.0, SPOKEN, since="speech")])) == [FROM_SPEECH]
    mixed = [Turn(1.0, SPOKEN, since=since) for since in ("verdict", "speech", "")]
    assert list(sinces(mixed)) == [FROM_SPEECH, FROM_VERDICT["verdict"], FROM_VERDICT[""]]
