from collections.abc import Callable

import pytest

from bridge.sim.load.knee import MOST_RUNS, Search


def tried(
    first: int, step: int, passes: Callable[[int, int], bool]
) -> tuple[list[int], int | None]:
    """``passes`` is asked with the number of calls and how often it was tried before."""
    search, found = Search(first, step), list[int]()
    while (calls := search.next) is not None:
        passed = passes(calls, found.count(calls))
        found.append(calls)
        search.note(passed)
    return found, search.knee


@pytest.mark.parametrize("limit", [20, 79, 80, 161, 200, 319, 1000])
def test_the_knee_is_found_to_within_a_step(limit: int) -> None:
    _, knee = tried(20, 20, lambda calls, _: calls <= limit)
    assert knee is not None
    assert knee <= limit < knee + 2 * 20


def test_it_doubles_and_then_halves_what_lies_between() -> None:
    runs, knee = tried(20, 20, lambda calls, _: calls <= 200)
    assert runs == [20, 40, 80, 160, 320, 320, 240, 240, 200, 220, 220]
    assert knee == 200


def test_what_fails_once_is_tried_again_before_it_counts() -> None:
    runs, knee = tried(20, 20, lambda calls, before: calls < 80 and (calls, before) != (40, 0))
    assert runs[:3] == [20, 40, 40]
    assert knee == 60


def test_where_nothing_passes_there_is_no_knee() -> None:
    assert tried(20, 20, lambda calls, _: False) == ([20, 20], None)


def test_less_than_the_first_is_looked_for_too() -> None:
    _, knee = tried(100, 20, lambda calls, _: calls <= 60)
    assert knee == 60


def test_it_ends_where_everything_passes() -> None:
    runs, knee = tried(1, 1, lambda calls, _: True)
    assert len(runs) == MOST_RUNS
    assert knee == runs[-1]
