"""The one response slot."""

from bridge.call.responses import Responses
from bridge.wire.dialect import CreateResponse

ANSWER = CreateResponse()
GREETING = CreateResponse("Greet the caller.")


def test_a_wish_is_sent_when_the_slot_is_free() -> None:
    responses = Responses()
    assert responses.idle
    responses.want(ANSWER)
    assert not responses.idle
    assert responses.next(0.0) == [ANSWER]
    assert not responses.idle


def test_there_are_never_two_response_creates_at_once() -> None:
    responses = Responses()
    responses.want(ANSWER)
    responses.want(GREETING)
    assert responses.next(0.0) == [ANSWER]
    assert responses.next(0.0) == []  # asked for
    responses.created("r1")
    assert responses.next(0.0) == []  # running
    responses.done("r1")
    assert responses.next(0.0) == [GREETING]


def test_equal_wishes_become_one() -> None:
    responses = Responses()
    responses.want(ANSWER)
    responses.want(ANSWER)
    responses.next(0.0)
    responses.created("r1")
    responses.done("r1")
    assert responses.next(0.0) == []
    assert responses.idle


def test_an_answer_the_service_gives_anyway_is_not_asked_for() -> None:
    responses = Responses()
    responses.want(ANSWER)
    responses.want(GREETING)
    responses.answered_anyway()
    assert responses.next(0.0) == [GREETING]


def test_a_refused_wish_is_asked_again_when_the_slot_is_free() -> None:
    responses = Responses()
    responses.want(ANSWER)
    responses.next(0.0)
    responses.refused()
    assert not responses.idle
    responses.created("r1")
    assert responses.next(0.0) == []
    responses.done("r1")
    assert responses.next(0.0) == [ANSWER]


def test_a_wish_refused_for_a_response_of_the_service_is_not_lost() -> None:
    # The response that took the slot is announced before the refusal.
    responses = Responses()
    responses.want(ANSWER)
    responses.next(0.0)
    responses.created("r1")
    responses.refused()
    responses.done("r1")
    assert responses.next(0.0) == [ANSWER]


def test_a_wish_refused_and_wished_again_is_one() -> None:
    responses = Responses()
    responses.want(ANSWER)
    responses.next(0.0)
    responses.want(ANSWER)
    responses.refused()
    responses.created("r1")
    responses.done("r1")
    assert responses.next(0.0) == [ANSWER]
    responses.created("r2")
    responses.done("r2")
    assert responses.idle


def test_a_refusal_of_nothing_is_no_wish() -> None:
    responses = Responses()
    responses.refused()
    assert responses.idle
    responses.want(ANSWER)
    responses.next(0.0)
    responses.created("r1")
    responses.done("r1")
    responses.refused()
    assert responses.idle


def overdue() -> Responses:
    """The service did not answer a turn by itself: it has been asked to."""
    responses = Responses(created_timeout_s=5.0)
    responses.expect(0.0)
    assert responses.overdue(5.0)
    assert responses.next(5.0) == [ANSWER]
    return responses


def test_when_the_service_answers_after_all_the_wish_for_it_is_dropped() -> None:
    responses = overdue()
    responses.created("r1")
    responses.refused()
    responses.done("r1")
    assert responses.idle


def test_when_the_refusal_comes_first_the_answer_is_still_owed() -> None:
    responses = overdue()
    responses.refused()
    assert responses.next(5.1) == []
    assert responses.owed_by() == 10.0
    responses.created("r1")
    responses.done("r1")
    assert responses.idle


def test_a_wish_that_could_not_be_sent_is_dropped_when_the_service_answers_after_all() -> None:
    responses = Responses()
    responses.expect(0.0)
    responses.overdue(5.0)
    responses.created("r1")  # the caller was speaking
    responses.done("r1")
    assert responses.idle


def test_a_wish_of_its_own_outlives_the_service_s_answer() -> None:
    responses = Responses()
    responses.expect(0.0)
    responses.overdue(5.0)
    responses.want(CreateResponse())  # a function's result is there
    responses.created("r1")
    responses.done("r1")
    assert responses.next(6.0) == [ANSWER]
    again = overdue()
    again.want(CreateResponse())
    again.created("r1")
    again.refused()
    again.done("r1")
    assert again.next(6.0) == [ANSWER]
    again.created("r2")
    again.done("r2")
    assert again.idle


def test_a_wish_sent_twice_and_answered_late_is_answered_once() -> None:
    responses = Responses()
    responses.want(GREETING)
    responses.next(0.0)
    responses.overdue(5.0)
    assert responses.next(5.0) == [GREETING]
    responses.created("r1")  # the first one, after all
    responses.refused()
    responses.done("r1")
    assert responses.idle


def test_each_sending_has_an_id_of_its_own() -> None:
    responses = Responses()
    for number in (1, 2, 3):
        responses.want(ANSWER)
        (sent,) = responses.next(0.0)
        assert sent.event_id == f"offhook-{number}"
        responses.created("r")
        responses.done("r")


def test_an_error_that_names_another_message_is_no_answer_to_ours() -> None:
    responses = Responses()
    responses.want(ANSWER)
    responses.next(0.0)
    assert not responses.error("invalid_value", "truncate-a")
    assert not responses.error("invalid_value", "offhook-2")
    assert responses.error("invalid_value", "offhook-1")


def test_an_error_that_names_ours_is_its_answer_whatever_its_code() -> None:
    for code in (None, "item_truncate_invalid_item_id"):
        responses = Responses()
        responses.want(ANSWER)
        responses.next(0.0)
        assert responses.error(code, "offhook-1")
        responses.failed(0.0)
        responses.created("r1")  # of the service, for something else
        responses.done("r1")
        assert responses.next(1.0) == [ANSWER]


def test_a_refusal_of_what_was_asked_again_since_is_no_refusal() -> None:
    responses = Responses()
    responses.want(GREETING)
    responses.next(0.0)
    responses.overdue(5.0)
    responses.next(5.0)
    responses.refused("offhook-1")
    responses.created("r1")
    assert responses.next(5.1) == []
    responses.done("r1")
    assert responses.idle


def test_an_interrupted_response_is_dead_but_holds_the_slot() -> None:
    responses = Responses()
    assert responses.interrupt() is None
    responses.created("r1")
    assert responses.running
    assert responses.interrupt() == "r1"
    assert responses.dead("r1")
    assert not responses.running
    assert responses.interrupt() is None
    responses.want(ANSWER)
    assert responses.next(0.0) == []
    responses.done("r1")
    assert responses.next(0.0) == [ANSWER]
    assert responses.dead("r1")  # late audio may still come


def test_the_end_of_another_response_frees_nothing() -> None:
    responses = Responses()
    responses.created("r2")
    responses.done("r1")
    assert responses.active == "r2"


def test_a_failed_response_is_retried_twice() -> None:
    responses = Responses()
    assert responses.deadline() == float("inf")
    assert responses.failed(10.0)
    assert not responses.idle
    assert responses.deadline() == 11.0
    assert responses.next(10.9) == []
    assert responses.next(11.0) == [ANSWER]
    responses.created("r1")
    responses.done("r1")
    assert responses.deadline() == float("inf")
    responses.created("r2")
    responses.done("r2")
    assert responses.failed(12.0)
    assert responses.next(14.9) == []
    assert responses.next(15.0) == [ANSWER]
    responses.created("r3")
    responses.done("r3")
    assert not responses.failed(16.0)


def test_a_greeting_that_failed_is_asked_for_as_a_greeting() -> None:
    responses = Responses()
    responses.want(GREETING)
    responses.next(0.0)
    responses.created("r1")
    responses.done("r1")
    responses.failed(0.0)
    assert responses.next(1.0) == [GREETING]
    responses.created("r2")
    responses.done("r2")
    responses.created("r3")  # one that the service began by itself
    responses.done("r3")
    responses.failed(10.0)
    assert responses.next(15.0) == [ANSWER]


def test_success_makes_failures_forgotten() -> None:
    responses = Responses()
    for second in (0.0, 10.0, 20.0):
        assert responses.failed(second)
        assert responses.next(second + 5.0) == [ANSWER]
        responses.created(f"r{second}")
        responses.done(f"r{second}")
        responses.succeeded()


def test_a_retry_is_dropped_when_the_next_turn_is_answered_anyway() -> None:
    responses = Responses()
    responses.failed(0.0)
    responses.answered_anyway()
    assert responses.deadline() == float("inf")
    assert responses.next(5.0) == []
    assert responses.idle
