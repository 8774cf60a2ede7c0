"""What the model may call, and how its result comes back."""

import pytest

from bridge.call.actions import EndCall, Outcome, RunFunction
from bridge.call.call import END_CALL, GOODBYE
from bridge.wire import realtime
from bridge.wire.dialect import (
    Append,
    CancelResponse,
    CreateResponse,
    FunctionOutput,
    Truncate,
)
from bridge.wire.twilio import Clear, Media
from tests.call.phone import Phone, kinds, marks, played, sound

CREATE = CreateResponse()


def calls(
    phone: Phone, call_id: str | None = "c1", name: str | None = "lookup_order", **fields: str
) -> list[object]:
    item = realtime.Item(
        f"item_{call_id}",
        type="function_call",
        status=fields.get("status", "completed"),
        name=name,
        call_id=call_id,
        arguments=fields.get("arguments", '{"number":"4711"}'),
    )
    added = phone.model(realtime.OutputItemAdded("r1", item))
    return [*added, *phone.model(realtime.OutputItemDone("r1", item))]


@pytest.fixture
def phone() -> Phone:
    """A call with a response running."""
    phone = Phone()
    phone.ready()
    phone.begins("r1")
    return phone


def test_a_function_is_run_as_soon_as_its_call_is_complete(phone: Phone) -> None:
    assert calls(phone) == [RunFunction("c1", "lookup_order", '{"number":"4711"}')]


def test_a_call_without_arguments_has_an_empty_object(phone: Phone) -> None:
    assert calls(phone, arguments="") == [RunFunction("c1", "lookup_order", "{}")]


@pytest.mark.parametrize(
    "fields", [{"status": "incomplete"}, {"name": None}, {"call_id": None}], ids=str
)
def test_a_call_that_was_cut_off_is_not_run(phone: Phone, fields: dict[str, str]) -> None:
    assert calls(phone, **fields) == []


def test_a_result_is_followed_by_exactly_one_response_after_the_running_one(phone: Phone) -> None:
    calls(phone)
    assert phone.call.from_function("c1", "shipped", 0.1) == [FunctionOutput("c1", "shipped")]
    assert phone.ends("r1") == [CREATE]
    phone.begins("r2")
    assert phone.ends("r2") == []


def test_a_result_after_the_response_is_answered_at_once(phone: Phone) -> None:
    calls(phone)
    phone.ends("r1")
    assert phone.call.from_function("c1", "shipped", 3.0) == [
        FunctionOutput("c1", "shipped"),
        CREATE,
    ]


def test_all_results_of_one_response_get_one_answer(phone: Phone) -> None:
    calls(phone, "c1")
    calls(phone, "c2")
    phone.ends("r1")
    assert phone.call.from_function("c2", "2", 1.0) == [FunctionOutput("c2", "2")]
    assert phone.call.from_function("c1", "1", 2.0) == [FunctionOutput("c1", "1"), CREATE]


def test_an_empty_result_is_answered_too(phone: Phone) -> None:
    calls(phone)
    phone.ends("r1")
    assert phone.call.from_function("c1", "", 1.0) == [FunctionOutput("c1", ""), CREATE]


def test_a_result_counts_once(phone: Phone) -> None:
    calls(phone)
    phone.ends("r1")
    phone.call.from_function("c1", "shipped", 1.0)
    assert phone.call.from_function("c1", "shipped", 1.1) == []
    assert phone.call.from_function("unknown", "?", 1.1) == []


def test_while_the_caller_speaks_a_result_waits_for_the_service_s_own_answer(phone: Phone) -> None:
    calls(phone)
    phone.ends("r1")
    phone.interrupts()
    assert phone.call.from_function("c1", "shipped", 1.0) == [FunctionOutput("c1", "shipped")]
    assert phone.model(realtime.Committed("u1")) == []  # the answer to the turn sees the result
    assert phone.begins("r2") + phone.ends("r2") == []


def test_a_function_that_never_returns_leaves_audio_and_barge_in_untouched(phone: Phone) -> None:
    calls(phone)
    phone.ends("r1")
    assert phone.at(30.0).carrier(Media(sound(20), 100)) == [Append(sound(20))]
    phone.begins("r2", "a")
    assert played(phone.says("r2", "a", 3000)) == sound(3000)
    assert phone.at(31.0).interrupts() == [Clear(), Truncate("a", 0, 1000)]


def test_a_late_result_is_dropped_when_the_call_is_ending(phone: Phone) -> None:
    phone.model(realtime.OutputItemAdded("r1", realtime.Item("a")))
    phone.says("r1", "a", 3000)
    calls(phone)
    assert phone.call.close(Outcome.TIME_LIMIT, 0.5) == []
    assert phone.call.from_function("c1", "shipped", 1.0) == []


def test_the_function_that_ends_the_call_is_answered_by_the_call_itself(phone: Phone) -> None:
    phone.model(realtime.OutputItemAdded("r1", realtime.Item("a")))
    names = marks(phone.says("r1", "a", 500))
    assert calls(phone, name=END_CALL) == [FunctionOutput("c1", '{"ok":true}')]
    assert "EndCall" not in kinds(phone.ends("r1", "a"))  # the goodbye is still to be heard
    assert phone.at(0.6).hears(*names) == [EndCall(Outcome.COMPLETED)]


def test_a_function_called_after_another_has_returned_is_waited_for(phone: Phone) -> None:
    calls(phone, "c1")
    assert phone.call.from_function("c1", "1", 0.1) == [FunctionOutput("c1", "1")]
    calls(phone, "c2")
    assert phone.call.from_function("c2", "2", 0.2) == [FunctionOutput("c2", "2")]
    calls(phone, "c3")
    assert phone.ends("r1") == []
    assert phone.call.from_function("c3", "3", 5.0) == [FunctionOutput("c3", "3"), CREATE]
    assert phone.begins("r2") + phone.ends("r2") == []


def test_results_there_before_the_end_of_their_response_get_one_answer(phone: Phone) -> None:
    for call_id in ("c1", "c2"):
        calls(phone, call_id)
        phone.call.from_function(call_id, "done", 0.1)
    assert phone.ends("r1") == [CREATE]
    assert phone.begins("r2") + phone.ends("r2") == []


def test_functions_of_an_interrupted_response_are_answered_with_the_caller_s_turn(
    phone: Phone,
) -> None:
    calls(phone)
    phone.call.from_function("c1", "shipped", 0.1)
    phone.interrupts()
    phone.model(realtime.Committed("u1"))
    assert phone.ends("r1", cancelled=True) == []  # its end comes late
    assert phone.begins("r2") + phone.ends("r2") == []


def test_a_result_that_missed_the_caller_s_turn_is_answered_after_it(phone: Phone) -> None:
    calls(phone)
    phone.interrupts()
    phone.ends("r1", cancelled=True)
    phone.model(realtime.Committed("u1"))
    phone.begins("r2")
    assert phone.call.from_function("c1", "shipped", 1.0) == [FunctionOutput("c1", "shipped")]
    assert phone.ends("r2") == [CREATE]


FAILED = realtime.ResponseDone("r1", "failed", error_code="server_error")
BROKE_OFF = realtime.ResponseDone("r1", "incomplete", reason="max_output_tokens")


@pytest.mark.parametrize("done", [FAILED, BROKE_OFF], ids=lambda done: done.status)
def test_a_response_that_fails_after_its_functions_returned_is_answered_once(
    phone: Phone, done: realtime.ResponseDone
) -> None:
    calls(phone)
    phone.call.from_function("c1", "shipped", 0.1)
    assert kinds(phone.model(done)) == ["Note"]
    assert phone.tick(1.1) == [CREATE]  # the retry
    assert phone.begins("r2") + phone.ends("r2") == []
    assert phone.tick(4.0) == []


@pytest.mark.parametrize("done", [FAILED, BROKE_OFF], ids=lambda done: done.status)
def test_a_response_that_fails_while_its_functions_run_is_not_retried_before_they_return(
    phone: Phone, done: realtime.ResponseDone
) -> None:
    calls(phone)
    assert kinds(phone.model(done)) == ["Note"]
    assert phone.tick(4.0) == []
    assert phone.call.from_function("c1", "shipped", 4.1) == [
        FunctionOutput("c1", "shipped"),
        CREATE,
    ]
    assert phone.begins("r2") + phone.ends("r2") == []


def test_where_the_end_of_a_response_never_comes_its_results_are_answered_all_the_same(
    phone: Phone,
) -> None:
    calls(phone)
    phone.call.from_function("c1", "shipped", 0.1)
    for second in (5, 10, 15, 20):  # the line lives
        phone.at(second).carrier(Media(sound(20), second * 1000))
    assert CancelResponse("r1") in phone.tick(20.1)
    assert phone.ends("r1", cancelled=True) == [CREATE]
    assert phone.begins("r2") + phone.ends("r2") == []


def test_beside_the_end_of_the_call_no_result_is_answered(phone: Phone) -> None:
    phone.model(realtime.OutputItemAdded("r1", realtime.Item("a")))
    names = marks(phone.says("r1", "a", 500))
    calls(phone, "c1")
    phone.call.from_function("c1", "shipped", 0.1)
    calls(phone, "c2", name=END_CALL)
    assert "CreateResponse" not in kinds(phone.ends("r1", "a"))
    assert phone.at(0.6).hears(*names) == [EndCall(Outcome.COMPLETED)]


def test_beside_the_end_of_the_call_a_silent_model_says_goodbye_and_nothing_else(
    phone: Phone,
) -> None:
    calls(phone, "c1")
    phone.call.from_function("c1", "shipped", 0.1)
    calls(phone, "c2", name=END_CALL)
    (asked,) = phone.ends("r1")
    assert asked == CreateResponse(GOODBYE)
    assert phone.begins("r2") + phone.ends("r2") == [EndCall(Outcome.COMPLETED)]
