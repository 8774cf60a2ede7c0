"""Later things happen in order."""

from functools import partial

from bridge.sim.model.agenda import Agenda


def _note(done: list[tuple[str, float]], name: str, now: float) -> None:
    done.append((name, now))


def test_actions_run_by_time_and_then_by_entry() -> None:
    agenda, done = Agenda(), list[tuple[str, float]]()
    for due, name in ((2.0, "late"), (1.0, "first"), (1.0, "second")):
        agenda.at(due, partial(_note, done, name))
    while agenda.due is not None:
        agenda.run_next()
    assert done == [("first", 1.0), ("second", 1.0), ("late", 2.0)]
