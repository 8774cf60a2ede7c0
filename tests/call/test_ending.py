"""The end of a call: heard out, but bounded."""

from bridge.call.actions import Outcome
from bridge.call.ending import Ending


def test_nothing_is_over_before_it_was_asked_for() -> None:
    ending = Ending(10.0)
    assert not ending.over(answering=False, audible=False, now=1e9)
    assert ending.deadline() == float("inf")


def test_it_waits_for_words_and_for_their_sound() -> None:
    ending = Ending(10.0)
    ending.ask(Outcome.COMPLETED, 5.0)
    assert not ending.over(answering=True, audible=False, now=5.0)
    assert not ending.over(answering=False, audible=True, now=14.9)
    assert ending.over(answering=False, audible=False, now=5.0)


def test_it_does_not_wait_for_ever() -> None:
    ending = Ending(10.0)
    ending.ask(Outcome.COMPLETED, 5.0)
    assert ending.deadline() == 15.0
    assert ending.over(answering=True, audible=True, now=15.0)


def test_the_first_reason_stays_and_so_does_its_time() -> None:
    ending = Ending(10.0)
    ending.ask(Outcome.COMPLETED, 5.0)
    ending.ask(Outcome.TIME_LIMIT, 14.0)
    assert ending.outcome is Outcome.COMPLETED
    assert ending.deadline() == 15.0


def test_a_model_that_failed_is_not_waited_for_but_heard_out() -> None:
    ending = Ending(10.0)
    ending.ask(Outcome.MODEL_FAILED, 0.0)
    assert ending.over(answering=True, audible=False, now=0.0)
    assert not ending.over(answering=True, audible=True, now=0.0)
