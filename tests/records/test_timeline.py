"""One call in the terminal: readable at 80 columns, without colour, whatever was said."""

import io

import pytest
from rich.console import Console

from bridge.characters import printable
from bridge.records.happenings import FROM_SPEECH, clock, happenings
from bridge.records.record import CallRecord
from bridge.records.timeline import show
from tests.records.sample import NOON, RECORD


def drawn(record: CallRecord, width: int = 80, *, colour: bool = False) -> str:
    out = io.StringIO()
    if colour:
        show(record, Console(file=out, width=width, color_system="truecolor", force_terminal=True))
    else:
        show(record, Console(file=out, width=width, color_system=None, force_terminal=False))
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(len(line) for line in drawn(RECORD, width).splitlines()) <= min(width, 100)


def test_without_colour_nothing_is_lost() -> None:
    text = " ".join(drawn(RECORD).split())
    assert "⟨left us yesterday evening.⟩" in text
    for word in ("X", "the caller broke in", "2.1 of 5.2 s had been heard", "find_order("):
        assert word in text
    assert FROM_SPEECH in text
    for word in (
        "690",
        "3094",
        "940",
        "1800",
        "0.209684 USD",
        "cached audio",
        "(not transcribed)",
        "completed",
    ):
        assert word in text


def test_no_word_of_the_caller_commands_the_terminal() -> None:
    assert "\x1b" not in drawn(RECORD)
    assert "\x1b[31mred" not in drawn(RECORD, colour=True)
    assert "[/bold]" in drawn(CallRecord(call_sid="[/bold]", started_at=NOON))


def test_a_call_of_which_nothing_is_known_is_shown() -> None:
    text = drawn(CallRecord(call_sid="CA1", started_at=NOON, cost_unknown="no price of x"))
    assert "unknown no price of x" in text
    assert "nothing" in text


def test_happenings_come_in_the_order_of_time() -> None:
    found = happenings(RECORD)
    assert [each.at for each in found] == sorted(each.at for each in found)
    kinds = [each.kind for each in found]
    assert kinds == ["answer", "answer", "function", "cut", "note", "answer", "answer"]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00.0"), (59.96, "1:00.0"), (61.24, "1:01.2"), (3600, "60:00.0")]
)
def test_a_clock_never_shows_sixty_seconds(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_texts_lose_what_a_terminal_would_obey() -> None:
    assert printable("a\x1b[2Jb\n\tc\u202ed") == "a�[2Jb c�d"
