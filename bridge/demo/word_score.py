"""How well the caller was heard, in all and utterance by utterance."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.sim.word_errors import words


@dataclass(frozen=True)
class Score:
    """``heard`` are the words that fell to this reference."""

    reference: str
    heard: str
    words: int
    errors: int

    @property
    def rate(self) -> float:
        return self.errors / self.words if self.words else 0.0


def scores(references: Sequence[str], heard: str) -> list[Score]:
    """One for each reference: ``heard`` is everything that was heard, aligned with all of them by
    the fewest edits (Levenshtein). So it does not matter how a turn detector cut the speech."""
    wanted = [(word, at) for at, text in enumerate(references) for word in words(text)]
    got = words(heard)
    errors = [0] * len(references)
    shares: list[list[str]] = [[] for _ in references]
    owner = 0
    for reference, word in _alignment([word for word, _ in wanted], got):
        if reference is not None:
            owner = wanted[reference][1]
        if word is not None:
            shares[owner].append(got[word])
        wrong = reference is None or word is None or wanted[reference][0] != got[word]
        errors[owner] += wrong
    return [
        Score(text, " ".join(share), len(words(text)), wrong)
        for text, share, wrong in zip(references, shares, errors, strict=True)
    ]


def overall(each: Sequence[Score]) -> float:
    """Errors per word of all references together."""
    return sum(score.errors for score in each) / max(1, sum(score.words for score in each))


def _alignment(wanted: list[str], got: list[str]) -> list[tuple[int | None, int | None]]:
    """Pairs of places in both, in order; None: the word has no partner."""
    cost = [list(range(len(got) + 1))]
    for row, word in enumerate(wanted, start=1):
        line = [row]
        for column, other in enumerate(got, start=1):
            swapped = cost[-1][column - 1] + (word != other)
            line.append(min(swapped, cost[-1][column] + 1, line[-1] + 1))
        cost.append(line)
    pairs: list[tuple[int | None, int | None]] = []
    row, column = len(wanted), len(got)
    while row or column:
        here = cost[row][column]
        if row and column:
            swapped = cost[row - 1][column - 1] + (wanted[row - 1] != got[column - 1])
            if here == swapped:
                row, column = row - 1, column - 1
                pairs.append((row, column))
                continue
        if row and here == cost[row - 1][column] + 1:
            row -= 1
            pairs.append((row, None))
        else:
            column -= 1
            pairs.append((None, column))
    return pairs[::-1]
