"""What a call has used, summed by kind."""

from bridge.call.actions import Note
from bridge.call.usage import Usage, of_response, of_transcription
from bridge.wire import realtime
from bridge.wire import usage as wire
from tests.call.phone import Phone

TOLD = wire.Usage(
    507,
    446,
    61,
    wire.InputTokens(119, 320, 7, 192, wire.CachedTokens(64, 128)),
    wire.OutputTokens(19, 42),
)


def test_cached_tokens_are_a_part_of_the_input() -> None:
    used = of_response(TOLD)
    assert used == Usage(
        responses=1,
        input_text=119,
        input_audio=320,
        input_image=7,
        cached_text=64,
        cached_audio=128,
        output_text=19,
        output_audio=42,
    )
    assert (used.input_tokens, used.cached_tokens, used.output_tokens) == (446, 192, 61)


def test_sums_are_by_kind() -> None:
    used = of_response(TOLD) + of_response(TOLD) + of_transcription(wire.TranscriptionUsage())
    assert (used.responses, used.input_audio, used.transcriptions) == (2, 640, 1)
    assert used.cached_text == 128


def test_more_cached_than_read_counts_as_all_of_it() -> None:
    cached = wire.CachedTokens(text_tokens=50, audio_tokens=2, image_tokens=3)
    read = wire.InputTokens(10, 5, 0, 55, cached)
    used = of_response(wire.Usage(15, 15, 0, read))
    assert (used.cached_text, used.cached_audio, used.cached_image) == (10, 2, 0)


def test_cached_tokens_of_no_told_kind_are_text_before_sound() -> None:
    used = of_response(wire.Usage(90, 90, 0, wire.InputTokens(50, 40, 0, 64)))
    assert (used.cached_text, used.cached_audio, used.cached_image) == (50, 14, 0)


def test_tokens_of_no_told_kind_are_kept_apart() -> None:
    used = of_response(wire.Usage(9, 5, 4))
    assert (used.input_unsplit, used.output_unsplit) == (5, 4)
    assert (used.input_tokens, used.output_tokens) == (5, 4)


def test_what_a_transcriber_reads_is_sound_unless_it_says_otherwise() -> None:
    told = wire.TranscriptionUsage("tokens", 19, 9, wire.InputTokens(text_tokens=4))
    used = of_transcription(told)
    assert (used.transcription_input_text, used.transcription_input_audio) == (4, 15)
    assert used.transcription_output == 9


def test_seconds_are_added_where_they_are_billed() -> None:
    one = of_transcription(wire.TranscriptionUsage("duration", seconds=1.5))
    assert (one + one).transcription_s == 3.0


def test_a_call_adds_up_every_response_the_cancelled_ones_too() -> None:
    phone = Phone()
    phone.ready()
    for number, status in enumerate(("completed", "cancelled", "failed")):
        phone.model(realtime.ResponseCreated(f"r{number}"))
        phone.model(realtime.ResponseDone(f"r{number}", status, usage=TOLD))
    told = wire.TranscriptionUsage("duration", seconds=2.0)
    phone.model(realtime.InputTranscript("u1", "Hello", told))
    used = phone.call.usage
    assert (used.responses, used.output_audio, used.transcription_s) == (3, 126, 2.0)


def test_a_usage_that_cannot_be_read_is_noted_and_ends_nothing() -> None:
    phone = Phone()
    phone.ready()
    phone.model(realtime.ResponseCreated("r1"))
    done = phone.model(realtime.ResponseDone("r1", "completed", usage_problem="Expected `int`"))
    words = phone.model(realtime.InputTranscript("u1", "Hello", usage_problem="Expected `int`"))
    note = Note("usage_unreadable", "Expected `int`")
    assert note in done and note in words
    assert phone.call.usage == Usage()
    assert [line.heard for line in phone.call.transcript.lines()] == ["Hello"]
