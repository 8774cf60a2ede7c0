"""The table of turns."""

from itertools import product

import pytest

from bridge.call.turns import TRANSITIONS, Move, State, after


def test_every_state_has_a_row_and_can_end() -> None:
    assert set(TRANSITIONS) == set(State)
    for state in set(State) - {State.ENDED}:
        assert after(state, Move.END) is State.ENDED


def test_after_the_end_nothing_moves() -> None:
    assert {after(State.ENDED, move) for move in Move} == {State.ENDED}


def test_a_closing_call_can_only_end() -> None:
    assert {m for m in Move if after(State.CLOSING, m) is not State.CLOSING} == {Move.END}


@pytest.mark.parametrize(
    "moves",
    [
        "READY RESPONSE_BEGAN AUDIO PLAYED_OUT -> LISTENING",
        "READY RESPONSE_BEGAN AUDIO BARGE_IN -> LISTENING",
        "READY RESPONSE_BEGAN BARGE_IN -> LISTENING",
        "READY RESPONSE_BEGAN RESPONSE_EMPTY -> LISTENING",
        "READY AUDIO RESPONSE_BEGAN -> SPEAKING",
        "AUDIO BARGE_IN PLAYED_OUT -> WAITING",
        "READY AUDIO CLOSE BARGE_IN -> CLOSING",
        "CLOSE READY -> CLOSING",
    ],
)
def test_a_call_goes_its_way(moves: str) -> None:
    way, _, end = moves.partition(" -> ")
    state = State.WAITING
    for move in way.split():
        state = after(state, Move[move])
    assert state is State[end]


def test_a_move_without_meaning_leaves_the_state() -> None:
    for state, move in product(State, Move):
        assert after(state, move) is TRANSITIONS[state].get(move, state)
