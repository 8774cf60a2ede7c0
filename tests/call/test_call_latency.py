"""What a call makes of its turns: each response counted from the speech that it answers."""

import pytest

from bridge.call.latency import Firsts, firsts
from bridge.wire import realtime, twilio
from bridge.wire.session import SessionConfig, TurnDetection
from tests.call.phone import Phone, marks, sound

SILENCE_MS = 500
TIMED = SessionConfig(
    instructions="Be brief.",
    audio_format="g711_ulaw",
    turn_detection=TurnDetection(silence_duration_ms=SILENCE_MS),
)


def asks(phone: Phone, ended_at: float) -> None:
    """The caller has spoken; the verdict comes when the silence is over."""
    phone.at(ended_at).interrupts()
    phone.at(ended_at + 0.5).model(realtime.SpeechStopped("u1"), realtime.Committed("u1"))


def answers(phone: Phone, response: str, at: float) -> None:
    """A response of 200 ms, heard as soon as it came."""
    item = f"item of {response}"
    phone.at(at).begins(response, item)
    names = marks(phone.at(at + 0.3).says(response, item, 200))
    phone.ends(response, item)
    phone.at(at + 0.4).hears(names[0])
    phone.at(at + 0.5).hears(names[1])


def calls(phone: Phone, response: str, at: float, name: str = "look_up") -> None:
    phone.at(at).begins(response)
    item = realtime.Item(f"call of {response}", "function_call", None, "completed", name, response)
    phone.model(
        realtime.OutputItemDone(response, item), realtime.ResponseDone(response, "completed")
    )


def ready(session: SessionConfig = TIMED, **config: str) -> Phone:
    phone = Phone(session, **config)
    phone.ready()
    return phone


def found(phone: Phone) -> list[Firsts]:
    return firsts(phone.call.latency.turns)


def test_the_answer_to_a_silent_function_has_the_latency_of_its_turn() -> None:
    phone = ready()
    asks(phone, 1.0)
    calls(phone, "r1", 1.6)
    phone.call.from_function("r1", "{}", 3.0)
    answers(phone, "r2", 3.1)
    # From the verdict: no position came with it.
    assert found(phone) == [Firsts(), Firsts(1900.0, 1900.0)]
    assert phone.call.latency.turns[1].stages_ms()["function"] == 1500.0


def test_an_announcement_between_is_not_the_answer() -> None:
    phone = ready()
    asks(phone, 1.0)
    calls(phone, "r1", 1.6)
    phone.call.announce("We close at six.", 2.0)
    answers(phone, "r2", 2.1)
    phone.call.from_function("r1", "{}", 3.0)
    answers(phone, "r3", 3.1)
    assert found(phone) == [Firsts(), Firsts(), Firsts(1900.0, 1900.0)]
    assert [turn.since for turn in phone.call.latency.turns] == ["verdict", None, "verdict"]


def test_a_goodbye_that_a_silent_end_of_call_is_given_is_its_answer() -> None:
    phone = ready()
    asks(phone, 1.0)
    calls(phone, "r1", 1.6, "end_call")
    answers(phone, "r2", 2.0)
    assert found(phone) == [Firsts(), Firsts(800.0, 800.0)]


def test_words_with_the_end_of_the_call_are_the_answer() -> None:
    phone = ready()
    asks(phone, 1.0)
    phone.at(1.6).begins("r1", "a")
    names = marks(phone.says("r1", "a", 100))
    end = realtime.Item("b", "function_call", None, "completed", "end_call", "c1")
    phone.model(realtime.OutputItemDone("r1", end))
    phone.ends("r1", "a")
    phone.at(1.75).hears(*names)
    assert found(phone) == [Firsts(150.0, 150.0)]


@pytest.mark.parametrize("reason", ["failed", "content_filter"])
def test_an_answer_that_failed_counts_on(reason: str) -> None:
    phone = ready()
    asks(phone, 1.0)
    phone.at(1.6).begins("r1")
    if reason == "failed":
        phone.model(realtime.ResponseDone("r1", "failed", error_code="server_error"))
    else:
        phone.model(realtime.ResponseDone("r1", "incomplete", reason=reason))
    phone.tick(2.6)
    answers(phone, "r2", 2.7)
    assert found(phone) == [Firsts(), Firsts(1500.0, 1500.0)]


def test_an_answer_that_fell_silent_counts_on() -> None:
    phone = Phone(TIMED, model_silence_timeout_s=2.0)
    phone.ready()
    asks(phone, 1.0)
    phone.at(1.6).begins("r1")
    phone.tick(3.7)
    phone.model(realtime.ResponseDone("r1", "cancelled"))
    answers(phone, "r2", 3.8)
    assert found(phone) == [Firsts(), Firsts(2600.0, 2600.0)]


def test_a_greeting_that_failed_has_still_no_speech_before_it() -> None:
    phone = ready(greeting="Greet the caller.")
    phone.begins("r1")
    phone.model(realtime.ResponseDone("r1", "failed", error_code="server_error"))
    phone.tick(1.0)
    answers(phone, "r2", 1.1)
    assert [turn.since for turn in phone.call.latency.turns] == [None, None]


def test_a_response_behind_another_is_heard_when_its_own_sound_is() -> None:
    phone = ready()
    phone.at(1.0).begins("r1", "a")
    early = marks(phone.says("r1", "a", 300))
    phone.ends("r1", "a")
    phone.at(1.1).begins("r2", "b")
    late = marks(phone.says("r2", "b", 300))
    phone.at(1.15).hears(early[0])
    first, second = phone.call.latency.turns
    assert first.first_heard_at == pytest.approx(1.05)
    assert second.first_heard_at is None
    phone.at(1.25).hears(early[1])
    assert phone.call.latency.turns[1].first_heard_at is None
    phone.at(1.45).hears(late[0])  # the first 100 ms of it have been played
    assert phone.call.latency.turns[1].first_heard_at == pytest.approx(1.35)


def test_what_was_cut_before_a_mark_told_of_it_was_never_heard() -> None:
    phone = ready()
    asks(phone, 1.0)
    phone.at(1.6).begins("r1", "a")
    names = marks(phone.says("r1", "a", 300))
    phone.at(1.65).interrupts()
    phone.at(1.7).hears(*names)  # flushed by the clear
    assert phone.call.latency.turns[0].first_heard_at is None


def test_the_end_of_speech_is_found_by_its_position_and_the_silence_behind_it() -> None:
    phone = ready()
    for number in range(100):
        phone.at(0.05 + number * 0.02).carrier(twilio.Media(sound(20), number * 20))
    phone.at(2.1).interrupts()
    phone.model(realtime.SpeechStopped("u1", 2000), realtime.Committed("u1"))
    phone.begins("r1")
    (turn,) = phone.call.latency.turns
    # The last frame came at 2.03; the speech ended 500 ms before it.
    assert turn.since == "speech"
    assert turn.stages_ms()["commit"] == 570.0


@pytest.mark.parametrize(
    ("turn_detection", "end_ms"),
    [
        (TurnDetection(silence_duration_ms=SILENCE_MS), 0),
        (TurnDetection(), 2000),
        (TurnDetection("semantic_vad", silence_duration_ms=SILENCE_MS), 2000),
    ],
)
def test_an_end_that_cannot_be_known_is_not_invented(
    turn_detection: TurnDetection, end_ms: int
) -> None:
    phone = ready(SessionConfig("", audio_format="g711_ulaw", turn_detection=turn_detection))
    for number in range(100):
        phone.at(0.05 + number * 0.02).carrier(twilio.Media(sound(20), number * 20))
    phone.at(2.1).model(realtime.SpeechStopped("u1", end_ms), realtime.Committed("u1"))
    phone.begins("r1")
    (turn,) = phone.call.latency.turns
    assert turn.since == "verdict"
    assert turn.speech_ended_at == 2.1
