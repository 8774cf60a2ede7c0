from dataclasses import dataclass, field, replace

from bridge.sim.load.court import BATCH, ONLY_COUNT, SETTLE_S, Court
from bridge.sim.load.judged import Ended
from bridge.sim.load.records import RecordsMissing, Session, Told
from tests.sim.load.scene import OPENED_AT, call


def ended(number: int) -> tuple[Ended, Session]:
    """A call without fault, and its session."""
    scene = call(number)
    result, session = scene.result(), scene.session
    session.number = 1000 + number
    return Ended(number, "talk", False, OPENED_AT - 1, OPENED_AT + 7, result), session


@dataclass
class Model:
    """Tells of ``sessions`` what was closed after so many; all of ``still_open`` where asked."""

    sessions: list[Session] = field(default_factory=list)
    still_open: list[Session] = field(default_factory=list)
    asked: list[int | None] = field(default_factory=list)
    broken: bool = False

    def __call__(self, after: int | None) -> Told:
        if self.broken:
            raise RecordsMissing("gone")
        self.asked.append(after)
        told = [*self.sessions, *self.still_open] if after is None else self.sessions[after:]
        return Told(told, closings=len(self.sessions))


def court(model: Model) -> Court:
    return Court(model, sleep=lambda s: None)


def test_it_asks_for_a_batch_at_a_time_and_never_again_for_what_it_knows() -> None:
    model = Model()
    sitting = court(model)
    for number in range(2 * BATCH):
        one, session = ended(number)
        model.sessions.append(session)
        sitting.take(one)
    verdicts = sitting.close()
    assert model.asked == [ONLY_COUNT, 0, BATCH]
    assert verdicts.problem == ""
    assert [each.number for each in verdicts.calls] == list(range(2 * BATCH))
    assert all(each.matched and not each.findings.faults for each in verdicts.calls)


def test_calls_whose_sessions_are_not_closed_yet_do_not_make_it_ask_for_each_further_one() -> None:
    model = Model()
    sitting = court(model)
    one, _ = ended(7)
    for number in range(2 * BATCH + 1):
        sitting.take(replace(one, number=number))
    assert model.asked == [ONLY_COUNT, 0, 0]


def test_what_was_closed_before_the_test_is_neither_asked_for_nor_taken() -> None:
    one, session = ended(7)
    model = Model([Session(n, OPENED_AT - 60, caller=session.caller) for n in (1, 2)])
    sitting = court(model)
    sitting.take(one)
    assert [each.matched for each in sitting.close().calls] == [False]
    first, *later, last = model.asked
    assert (first, set(later), last) == (ONLY_COUNT, {2}, None)


def test_a_session_that_ends_a_little_later_is_waited_for() -> None:
    one, session = ended(7)
    model, waited = Model(), list[float]()

    def sleep(s: float) -> None:
        waited.append(s)
        if len(waited) == 3:
            model.sessions.append(session)

    sitting = Court(model, sleep)
    sitting.take(one)
    assert [each.matched for each in sitting.close().calls] == [True]
    assert len(waited) == 3


def test_after_that_the_sessions_that_are_still_open_are_looked_at() -> None:
    (one, session), (two, _) = ended(7), ended(8)
    waited = list[float]()
    model = Model(still_open=[session])
    sitting = Court(model, waited.append)
    sitting.take(one)
    sitting.take(two)
    matched = {each.number: each.matched for each in sitting.close().calls}
    assert matched == {7: True, 8: False}
    assert sum(waited) >= SETTLE_S * 0.99
    assert model.asked[-1] is None


def test_a_session_is_of_one_call_alone() -> None:
    one, session = ended(7)
    model = Model()
    sitting = court(model)
    model.sessions.append(session)
    sitting.take(one)
    sitting.take(replace(one, number=7 + 768))
    assert sorted(each.matched for each in sitting.close().calls) == [False, True]


def test_a_model_that_tells_nothing_is_the_problem_and_calls_are_judged_without_it() -> None:
    sitting = court(Model(broken=True))
    one, _ = ended(7)
    sitting.take(one)
    verdicts = sitting.close()
    assert verdicts.problem == "gone"
    assert [(each.number, each.matched) for each in verdicts.calls] == [(7, False)]


def test_without_a_model_to_ask_every_call_is_judged_at_once() -> None:
    sitting = Court(None)
    one, _ = ended(7)
    sitting.take(one)
    verdicts = sitting.close()
    assert verdicts.problem is None
    assert len(verdicts.calls) == 1


def test_a_call_that_never_spoke_is_not_waited_for() -> None:
    one, _ = ended(7)
    silent = replace(one, result=replace(one.result, steps=()))
    model = Model()
    sitting = court(model)
    sitting.take(silent)
    assert [each.matched for each in sitting.close().calls] == [False]
    assert model.asked == [ONLY_COUNT]
