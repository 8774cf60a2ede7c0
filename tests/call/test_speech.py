"""What the assistant says, from its first delta until it is heard, cut or deleted."""

import pytest

from bridge.call.actions import Note
from bridge.call.speech import Speech, SpeechMessage
from bridge.call.transcript import Transcript
from bridge.wire.dialect import CancelResponse, DeleteItem, Truncate
from bridge.wire.realtime import AudioDelta
from bridge.wire.twilio import Clear, Mark, Media
from telcodecs.g711 import ulaw_encode
from tests.call.phone import kinds, marks, played, sound
from tests.call.test_format_guard import voiced


@pytest.fixture
def transcript() -> Transcript:
    return Transcript()


@pytest.fixture
def speech(transcript: Transcript) -> Speech:
    return Speech("g711_ulaw", transcript, mark_interval_ms=100, margin_ms=100)


def say(
    speech: Speech, item: str, ms: int, *, dead: bool = False, now: float = 0.0, byte: int = 0x55
) -> list[SpeechMessage]:
    return speech.delta(AudioDelta("r1", item, sound(ms, byte)), dead, now)


def test_a_delta_becomes_frames_and_marks(speech: Speech) -> None:
    assert say(speech, "a", 125) == [Media(sound(100)), Mark("0.0"), Media(sound(20))]


def test_the_last_short_frame_is_flushed_with_its_answer(speech: Speech) -> None:
    say(speech, "a", 125)
    assert speech.audio_done("a", 0.0) == [
        Media(sound(5) + b"\xff" * 120),
        Mark("0.1"),
    ]
    assert played(say(speech, "b", 20, byte=2)) == sound(20, 2)


def test_an_answer_that_follows_unannounced_flushes_the_one_before(speech: Speech) -> None:
    say(speech, "a", 25, byte=1)
    messages = say(speech, "b", 20, byte=2)
    assert played(messages) == sound(5, 1) + b"\xff" * 120 + sound(20, 2)
    assert [heard.received_ms for heard in speech.playback.account(9.0)] == [25.0, 20.0]


def test_the_end_of_one_item_flushes_no_other(speech: Speech) -> None:
    say(speech, "a", 25)
    assert played(speech.audio_done("b", 0.0)) == b""
    assert len(played(speech.audio_done("a", 0.0))) == 160
    assert speech.audio_done("a", 0.0) == []


def test_deltas_of_an_interrupted_response_stay_silent(
    speech: Speech, transcript: Transcript
) -> None:
    transcript.words("a", "one two three four")
    say(speech, "a", 1000)
    speech.silence("r1", cancel=False, now=0.5)
    assert say(speech, "a", 1000, dead=True) == []
    assert speech.late_deltas == 1
    assert not speech.playback.outstanding
    assert (transcript.lines()[0].heard, transcript.lines()[0].unheard) == ("one", "two three four")


def test_an_item_announced_after_the_interruption_is_deleted_when_closed(speech: Speech) -> None:
    assert speech.item_added("r1", "a", dead=True) == []
    assert say(speech, "a", 100, dead=True) == []
    assert speech.item_done("a", 0.5) == [DeleteItem("a")]


def test_barge_in_goes_clear_cancel_truncate_delete(speech: Speech) -> None:
    speech.item_added("r1", "a", dead=False)
    say(speech, "a", 2000)
    speech.item_done("a", 0.0)
    speech.item_added("r1", "b", dead=False)
    say(speech, "b", 2000)
    speech.item_done("b", 0.0)
    assert speech.silence("r1", cancel=True, now=0.5) == [
        Clear(),
        CancelResponse("r1"),
        Truncate("a", 0, 500),
        DeleteItem("b"),
    ]


def test_a_service_that_stops_by_itself_is_not_told_to(speech: Speech) -> None:
    say(speech, "a", 2000)
    assert kinds(speech.silence("r1", cancel=False, now=0.5)) == ["Clear", "Truncate"]


def test_after_the_response_nothing_is_cancelled(speech: Speech) -> None:
    say(speech, "a", 2000)
    speech.response_done("r1", 0.0)
    assert kinds(speech.silence(None, cancel=True, now=0.5)) == ["Clear", "Truncate"]


def test_with_nothing_to_hear_there_is_nothing_to_clear(speech: Speech) -> None:
    speech.item_added("r1", "a", dead=False)
    assert speech.silence("r1", cancel=True, now=0.5) == [CancelResponse("r1")]
    assert speech.item_done("a", 0.6) == [DeleteItem("a")]  # opened, and not a sound of it played


@pytest.mark.parametrize("behind", [(), ("b",)])
def test_an_item_that_was_heard_in_full_is_kept_although_it_is_not_done(
    speech: Speech, transcript: Transcript, behind: tuple[str, ...]
) -> None:
    """The service may announce the end of an item long after that of its audio."""
    transcript.words("a", "hello")
    speech.item_added("r1", "a", False)
    sent = [*say(speech, "a", 300), *speech.audio_done("a", 0.0)]
    for item in behind:
        say(speech, item, 1000)
    for name, at in zip(marks(sent), (0.1, 0.2, 0.3), strict=True):
        speech.playback.mark(name, at)
    told = [Truncate(item, 0, 500) for item in behind]
    assert speech.silence("r1", False, 0.8) == ([Clear(), *told] if behind else [])
    assert transcript.lines()[0].heard == "hello"
    assert speech.item_done("a", 0.9) == []


def test_items_of_another_response_are_left_alone(speech: Speech) -> None:
    speech.item_added("r0", "z", dead=False)
    say(speech, "a", 2000)
    speech.silence("r1", cancel=False, now=0.5)
    assert speech.item_done("z", 0.6) == []


def test_what_the_leg_held_back_is_not_heard_after_a_barge_in(speech: Speech) -> None:
    say(speech, "a", 1005, byte=1)
    speech.silence("r1", cancel=False, now=0.5)
    assert speech.audio_done("a", 0.6) == []
    assert played(speech.delta(AudioDelta("r2", "b", sound(20, 2)), False, 0.7)) == sound(20, 2)


def test_the_end_of_a_response_closes_what_was_left_open(speech: Speech) -> None:
    say(speech, "a", 30)
    assert speech.audible("r1")
    assert marks(speech.response_done("r1", 0.0)) == ["0.0"]
    assert not speech.audible("r1")
    assert speech.response_done("r1", 0.0) == []


def test_when_the_model_is_gone_every_item_gets_its_end(speech: Speech) -> None:
    say(speech, "a", 30)
    assert marks(speech.model_gone(0.0)) == ["0.0"]


def test_speech_that_fits_nowhere_is_dropped_and_told(speech: Speech) -> None:
    say(speech, "a", 600_000)
    assert say(speech, "a", 100)[-1] == Note(
        "playback_full", "the model is minutes ahead: speech is dropped"
    )


def test_the_model_s_own_format_is_spoken_when_it_keeps_that(transcript: Transcript) -> None:
    speech = Speech("pcm16", transcript, mark_interval_ms=100, margin_ms=100)
    speech.use("g711_ulaw")
    assert played(say(speech, "a", 20)) == sound(20)


def test_the_wrong_format_is_noted_and_played(speech: Speech) -> None:
    pcm = voiced(300, 24000)
    messages = speech.delta(AudioDelta("r1", "a", pcm), False, 0.0)
    assert isinstance(messages[0], Note)
    assert messages[0].kind == "format_mismatch"
    right = speech.delta(AudioDelta("r1", "a", ulaw_encode(voiced(300, 8000))), False, 0.0)
    assert "Note" not in kinds(right)


def test_a_hang_up_leaves_only_what_was_heard(speech: Speech, transcript: Transcript) -> None:
    transcript.words("a", "one two three four")
    say(speech, "a", 2000)
    speech.hang_up(1.0, by_carrier=False)
    assert transcript.lines()[0].heard == "one two"


def test_a_caller_who_hung_up_has_not_heard_what_was_under_way_meanwhile(
    speech: Speech, transcript: Transcript
) -> None:
    transcript.words("a", "one two three four")
    say(speech, "a", 2000)
    speech.playback.mark("0.0", 0.7)  # 600 ms there and back
    speech.hang_up(1.6, by_carrier=True)
    assert transcript.lines()[0].heard == "one two"


def test_dropped_speech_is_told_once_each_time_it_begins(speech: Speech) -> None:
    say(speech, "a", 600_000)
    assert kinds(say(speech, "a", 100)) == ["Note"]
    assert kinds(say(speech, "a", 100)) == []
    assert "Note" not in kinds(say(speech, "a", 100, now=10.0))
    assert "Note" in kinds(say(speech, "a", 600_000, now=10.0))


def test_the_guard_knows_the_format_that_is_spoken_after_all(transcript: Transcript) -> None:
    speech = Speech("pcm16", transcript, mark_interval_ms=100, margin_ms=100)
    speech.use("g711_ulaw")
    right = speech.delta(AudioDelta("r1", "a", ulaw_encode(voiced(300, 8000))), False, 0.0)
    assert "Note" not in kinds(right)
    assert "Note" in kinds(speech.delta(AudioDelta("r1", "a", voiced(300, 24000)), False, 0.0))
