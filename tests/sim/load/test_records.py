import pytest

from bridge.sim.load.records import RecordsMissing, Session, Spoken, block_heard, matched, read
from bridge.sim.load.voiceprint import BLOCKS, block_of


def session(number: int, call: int, opened_at: float) -> Session:
    """In which the voice of a call was heard."""
    block = block_of(call)
    return Session(number, opened_at, caller=[(0.0, block.stream, block.first_slot, 40)])


def spoken(call: int, began_at: float, ended_at: float) -> Spoken:
    return Spoken(call % BLOCKS, began_at, ended_at)


def numbers(found: list[Session | None]) -> list[int | None]:
    return [None if each is None else each.number for each in found]


def test_a_call_is_found_by_its_voice() -> None:
    calls = [spoken(n, 10.0, 20.0) for n in (0, 47, 48, 767)]
    sessions = [session(n, n, 10.1) for n in (767, 48, 47, 0)]
    assert numbers(matched(calls, sessions)) == [0, 47, 48, 767]


def test_what_was_heard_most_is_the_voice_of_a_session() -> None:
    mixed = session(1, 5, 10.0)
    other = block_of(6)
    mixed.caller.append((900.0, other.stream, other.first_slot, 3))
    assert block_heard(mixed) == 5
    assert block_heard(Session(1, 10.0)) is None


def test_blocks_go_round_and_the_time_tells_which_call_it_was() -> None:
    calls = [spoken(3, 10.0, 20.0), spoken(3 + BLOCKS, 100.0, 110.0)]
    sessions = [session(2, 3, 100.2), session(1, 3, 10.2)]
    assert numbers(matched(calls, sessions)) == [1, 2]


def test_of_two_at_the_same_time_the_nearer_one_is_taken_and_none_twice() -> None:
    calls = [spoken(3, 10.0, 30.0), spoken(3 + BLOCKS, 12.0, 30.0)]
    sessions = [session(2, 3, 12.2), session(1, 3, 10.2)]
    assert numbers(matched(calls, sessions)) == [1, 2]
    assert numbers(matched(calls, sessions[:1])) == [2, None]


def test_a_session_of_before_or_after_the_call_is_not_its_own() -> None:
    for opened_at, found in ((8.9, None), (9.1, 1), (20.9, 1), (21.1, None)):
        assert numbers(matched([spoken(3, 10.0, 20.0)], [session(1, 3, opened_at)])) == [found]


def test_a_clock_that_is_ahead_is_put_right() -> None:
    calls, sessions = [spoken(3, 10.0, 20.0)], [session(1, 3, 1010.1)]
    assert numbers(matched(calls, sessions)) == [None]
    assert numbers(matched(calls, sessions, ahead_s=1000.0)) == [1]


def test_what_is_no_record_is_said_so() -> None:
    for text in (b"<html>", b"[]", b'{"sessions": [{"number": "x"}]}'):
        with pytest.raises(RecordsMissing, match="no record of sessions"):
            read(text)
    assert read(b'{"sessions": [{"number": 4, "opened_at": 1.5}]}').sessions[0].number == 4
