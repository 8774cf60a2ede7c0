"""The likeliest run of tokens, sought along several at once."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

# Three heard a fifth fewer words wrong than one, at twice the time; five were no better.
WIDTH = 3
END_TOKEN = 2

Scores = NDArray[np.float32]
# Given for each run the row of the last call that it goes on from, and its newest token: a row
# of log-probabilities of the token after it.
Step = Callable[[Sequence[int], Sequence[int]], Scores]


def likeliest(step: Step, first_token: int, longest: int) -> list[int]:
    """The tokens between the first and the end, or so many as ``longest`` if none ends before.

    Runs are compared by their mean log-probability, so that a long one is not at a loss.
    """
    runs, totals = [[first_token]], [0.0]
    parents = [0]
    ended: list[tuple[float, list[int]]] = []
    for _ in range(longest):
        scores = step(parents, [run[-1] for run in runs])
        best = _continuations(scores, totals)
        ended += [
            (total / len(runs[at]), runs[at]) for total, at, token in best if token == END_TOKEN
        ]
        going = [each for each in best if each[2] != END_TOKEN][:WIDTH]
        parents = [at for _, at, _ in going]
        totals = [total for total, _, _ in going]
        runs = [[*runs[at], token] for _, at, token in going]
        looped = loop_tokens(runs[0])
        if looped:
            return runs[0][1:-looped]
        if ended and (len(ended) >= WIDTH or max(ended)[0] > totals[0] / len(runs[0])):
            break
    return (max(ended)[1] if ended else runs[0])[1:]


def _continuations(scores: Scores, totals: Sequence[float]) -> list[tuple[float, int, int]]:
    """Total, row and token of the best, down to the last of ``WIDTH`` that go on."""
    found = [
        (totals[row] + float(scores[row, token]), row, int(token))
        for row in range(len(scores))
        for token in np.argpartition(scores[row], -WIDTH - 1)[-WIDTH - 1 :]
    ]
    found.sort(key=lambda each: (-each[0], each[1:]))
    going = [at for at, each in enumerate(found) if each[2] != END_TOKEN]
    return found[: going[:WIDTH][-1] + 1]


def loop_tokens(said: Sequence[int]) -> int:
    """How many tokens at the end say over again what is before them; 0 when they do not.

    The network can fall into a loop. A phrase of four tokens or more counts from its third
    time on, a shorter one from its sixth, as a digit may well be said several times.
    """
    for length in range(1, len(said) // 3 + 1):
        times = 3 if length >= 4 else 6
        phrase = list(said[-length:])
        if len(said) >= length * times and list(said[-length * times :]) == phrase * times:
            return length * (times - 1)
    return 0
