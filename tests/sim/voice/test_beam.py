"""The search for the likeliest run of tokens."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from bridge.sim.voice.beam import END_TOKEN, WIDTH, Scores, likeliest, loop_tokens

FIRST = 1
A, B, C = 3, 4, 5
Table = Mapping[tuple[int, ...], Mapping[int, float]]


class Language:
    """Says how likely a token is after a run; what is not in the table hardly ever follows."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._runs: list[tuple[int, ...]] = [()]
        self.rows: list[int] = []

    def step(self, parents: Sequence[int], tokens: Sequence[int]) -> Scores:
        self.rows.append(len(parents))
        self._runs = [
            (*self._runs[parent], token) for parent, token in zip(parents, tokens, strict=True)
        ]
        scores = np.full((len(tokens), 8), np.log(1e-6), np.float32)
        for row, run in enumerate(self._runs):
            for token, probability in self._table.get(run[1:], {}).items():
                scores[row, token] = np.log(probability)
        return scores


def test_the_only_way_is_taken() -> None:
    language = Language({(): {A: 1.0}, (A,): {B: 1.0}, (A, B): {END_TOKEN: 1.0}})
    assert likeliest(language.step, FIRST, 20) == [A, B]


def test_a_worse_first_token_wins_when_all_in_all_it_is_likelier() -> None:
    language = Language(
        {
            (): {A: 0.6, B: 0.4},
            (A,): {A: 0.3, B: 0.3, C: 0.3},
            (B,): {C: 1.0},
            (A, A): {END_TOKEN: 1.0},
            (A, B): {END_TOKEN: 1.0},
            (A, C): {END_TOKEN: 1.0},
            (B, C): {END_TOKEN: 1.0},
        }
    )
    assert likeliest(language.step, FIRST, 20) == [B, C]


def test_nothing_said_is_no_tokens() -> None:
    assert likeliest(Language({(): {END_TOKEN: 0.9, A: 0.1}}).step, FIRST, 20) == []


def test_a_run_that_does_not_end_is_cut() -> None:
    def step(parents: Sequence[int], tokens: Sequence[int]) -> Scores:
        scores = np.full((len(tokens), 60), np.log(1e-6), np.float32)
        for row, token in enumerate(tokens):
            scores[row, (token + 10) % 60] = 0.0
        return scores

    assert likeliest(step, FIRST, 4) == [11, 21, 31, 41]


def test_after_the_first_step_there_are_as_many_runs_as_the_width() -> None:
    language = Language({(): {A: 0.5, B: 0.5}, (A,): {END_TOKEN: 0.1, C: 0.9}})
    likeliest(language.step, FIRST, 5)
    assert language.rows[:1] == [1]
    assert set(language.rows[1:]) == {WIDTH}


@pytest.mark.parametrize(
    ("said", "looped"),
    [
        ([1, 2, 3], 0),
        ([9, 1, 2, 3, 4] + [1, 2, 3, 4], 0),
        ([9] + [1, 2, 3, 4] * 3, 8),
        ([9] + [5] * 5, 0),
        ([9] + [5] * 6, 5),
        ([9] + [5, 6] * 6, 10),
    ],
)
def test_a_loop_of_the_network_is_found(said: list[int], looped: int) -> None:
    assert loop_tokens(said) == looped


def test_a_loop_ends_the_search_after_one_round() -> None:
    def step(parents: Sequence[int], tokens: Sequence[int]) -> Scores:
        scores = np.full((len(tokens), 12), np.log(1e-6), np.float32)
        for row, token in enumerate(tokens):
            scores[row, {FIRST: 5, 5: 6, 6: 7, 7: 8, 8: 5}.get(token, 5)] = 0.0
        return scores

    assert likeliest(step, FIRST, 200) == [5, 6, 7, 8]
