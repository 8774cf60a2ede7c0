"""What the model may call, and how its result comes back."""

import pytest

from bridge.call.actions import EndCall, Outcome, RunFunction
from bridge.call.call import END_CALL
from bridge.wire import realtime
from bridge.wire.dialect import Append, CreateResponse, FunctionOutput, Truncate
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
