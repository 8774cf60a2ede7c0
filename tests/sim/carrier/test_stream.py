"""Twilio's side of a media stream, in virtual time."""

import base64
import json
from typing import Any

import pytest

from bridge.sim.carrier.caller import (
    After,
    At,
    Caller,
    HangUp,
    OverAgent,
    Press,
    Say,
    ScriptedCaller,
    Step,
)
from bridge.sim.carrier.line import SILENT_FRAME, level_dbfs
from bridge.sim.carrier.playback import CEILING_BYTES, Run
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.carrier.stream import MediaStream

SID = "MZ" + "a" * 32
T0 = 1000.0
WORDS = b"\x10\x90" * 240  # 60 ms
Message = dict[str, Any]


class Mute:
    """A caller whose line sends nothing at all."""

    def __init__(self) -> None:
        self.digits: list[str] = []
        self.hung_up = False

    def frame(self, now: float, heard: bytes) -> bytes | None:
        return None


def stream(
    *steps: Step, caller: Caller | None = None, tenant: str | None = "7", **profile: Any
) -> MediaStream:
    return MediaStream(
        account_sid="AC" + "b" * 32,
        call_sid="CA" + "c" * 32,
        stream_sid=SID,
        parameters={"tenant": tenant} if tenant else {},
        caller=caller or ScriptedCaller(steps),
        profile=StreamProfile(**profile),
    )


def opened(*steps: Step, **options: Any) -> MediaStream:
    made = stream(*steps, **options)
    made.open(T0)
    return made


def parsed(messages: list[str]) -> list[Message]:
    return [json.loads(message) for message in messages]


def run(made: MediaStream, until: float) -> list[Message]:
    """What is sent up to T0 + until, ticking exactly at the deadlines."""
    messages = []
    while (due := made.deadline()) is not None and due <= T0 + until + 1e-6:
        messages += made.tick(due)
    return parsed(messages)


def of(messages: list[Message], event: str) -> list[Message]:
    return [message for message in messages if message["event"] == event]


def media(n_bytes: int, byte: int = 0x11) -> str:
    payload = base64.b64encode(bytes([byte]) * n_bytes).decode()
    return json.dumps({"event": "media", "streamSid": SID, "media": {"payload": payload}})


def mark(name: str) -> str:
    return json.dumps({"event": "mark", "streamSid": SID, "mark": {"name": name}})


CLEAR = json.dumps({"event": "clear", "streamSid": SID})


def names(messages: list[str]) -> list[str]:
    return [message["mark"]["name"] for message in of(parsed(messages), "mark")]


# --- towards the far end ---------------------------------------------------------------------


def test_connected_and_start_open_the_stream() -> None:
    connected, start = parsed(stream().open(T0))
    assert connected == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert start == {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": SID,
        "start": {
            "accountSid": "AC" + "b" * 32,
            "callSid": "CA" + "c" * 32,
            "streamSid": SID,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"tenant": "7"},
        },
    }


def test_custom_parameters_may_be_empty_or_missing() -> None:
    assert parsed(stream(tenant=None).open(T0))[1]["start"]["customParameters"] == {}
    absent = stream(tenant=None, parameters_absent=True)
    assert "customParameters" not in parsed(absent.open(T0))[1]["start"]


def test_nothing_is_due_before_the_opening() -> None:
    made = stream()
    assert made.deadline() is None
    assert made.tick(T0) == []


def test_the_first_media_is_that_of_the_documents() -> None:
    first = run(opened(), 0.2)[0]
    payload = first["media"].pop("payload")
    assert first == {
        "event": "media",
        "sequenceNumber": "2",
        "streamSid": SID,
        "media": {"track": "inbound", "chunk": "1", "timestamp": "118"},
    }
    assert len(payload) == 216
    assert base64.b64decode(payload) == SILENT_FRAME


def test_media_starts_after_its_delay_and_comes_every_20_ms() -> None:
    made = opened(start_delay_ms=200)
    assert run(made, 0.19) == []
    sent = run(made, 1.19)
    assert len(sent) == 50
    assert [int(m["media"]["timestamp"]) for m in sent] == [118 + 20 * k for k in range(50)]
    assert [int(m["media"]["chunk"]) for m in sent] == list(range(1, 51))
    assert [int(m["sequenceNumber"]) for m in sent] == list(range(2, 52))


def test_ticks_are_absolute_and_late_ones_come_in_a_burst() -> None:
    made = opened(start_delay_ms=0)
    run(made, 0.1)
    assert len(parsed(made.tick(T0 + 0.555))) == 22  # 0.12 to 0.54
    assert made.deadline() == T0 + 28 * 0.02


def test_what_the_caller_says_is_sent_and_kept() -> None:
    made = opened(Say(WORDS, At(0.04)))
    sent = run(made, 0.3)
    assert b"".join(base64.b64decode(m["media"]["payload"]) for m in sent[2:5]) == WORDS
    first = 160 * (6 + 2)  # six ticks before the first media
    assert made.sent_ulaw[first : first + 480] == WORDS
    assert len(made.sent_ulaw) == len(made.heard) == 160 * 16


def test_digits_are_sent_between_the_media_in_one_sequence() -> None:
    made = opened(Press("5", At(0.04)))
    sent = run(made, 0.2)
    assert [m["event"] for m in sent] == ["media"] * 3 + ["dtmf"] + ["media"] * 2
    assert sent[3] == {
        "event": "dtmf",
        "sequenceNumber": "5",
        "streamSid": SID,
        "dtmf": {"track": "inbound_track", "digit": "5"},
    }
    assert [int(m["sequenceNumber"]) for m in sent] == list(range(2, 8))


def test_a_caller_who_hangs_up_ends_the_stream_with_stop() -> None:
    made = opened(HangUp(At(0.1)))
    last = run(made, 9.0)[-1]
    assert last == {
        "event": "stop",
        "sequenceNumber": "7",
        "streamSid": SID,
        "stop": {"accountSid": "AC" + "b" * 32, "callSid": "CA" + "c" * 32},
    }
    assert made.ended
    assert made.deadline() is None
    assert made.tick(T0 + 100) == []
    assert made.stop(T0 + 100) == []


def test_stop_may_be_missing() -> None:
    made = opened(HangUp(At(0.1)), sends_stop=False)
    assert not of(run(made, 9.0), "stop")
    assert made.ended


def test_a_call_that_ends_elsewhere_stops_the_stream_after_what_was_due() -> None:
    made = opened()
    sent = parsed(made.stop(T0 + 0.2))
    assert [m["event"] for m in sent] == ["media"] * 5 + ["stop"]
    assert made.receive(media(160), T0 + 0.3) == []
    assert made.received_bytes == 0


def test_a_socket_closed_by_the_far_end_gets_no_stop() -> None:
    made = opened()
    assert not of(parsed(made.closed(T0 + 0.2)), "stop")
    assert made.ended


def test_the_ear_and_the_mouth_are_the_callers_own() -> None:
    made = opened(Say(WORDS, OverAgent(heard_ms=100)))
    run(made, 0.5)
    made.receive(media(8000, byte=0x00), T0 + 0.5)
    run(made, 2.0)
    caller = made._caller
    assert isinstance(caller, ScriptedCaller)
    assert round(caller.records[0].began - T0, 3) == 0.60  # heard at 0.52 ... 0.60


# --- silence and loss ------------------------------------------------------------------------


def payloads(messages: list[Message]) -> list[bytes]:
    return [base64.b64decode(m["media"]["payload"]) for m in of(messages, "media")]


def test_an_idle_line_may_alternate_between_its_two_zeros() -> None:
    assert set(payloads(run(opened(silence="alternating"), 1.0))) == {b"\xff\x7f" * 80}


def test_comfort_noise_has_its_level_and_its_seed() -> None:
    def noise(seed: int) -> bytes:
        line = opened(silence="comfort", comfort_dbfs=-55.0, seed=seed)
        return b"".join(payloads(run(line, 1.5)))

    assert abs(level_dbfs(noise(1)) + 55) < 1.0
    assert noise(1) == noise(1) != noise(2)
    assert len({noise(1)[k : k + 160] for k in range(0, 8000, 160)}) == 50


def test_silence_suppression_leaves_a_gap_in_the_timestamps() -> None:
    made = opened(Say(WORDS, At(0.1)), Say(WORDS, After(100)), silence="suppressed")
    sent = run(made, 1.0)
    assert [int(m["media"]["timestamp"]) for m in sent] == [218, 238, 258, 378, 398, 418]
    assert [int(m["media"]["chunk"]) for m in sent] == [1, 2, 3, 4, 5, 6]
    assert len(made.sent_ulaw) == len(made.heard)


def test_a_caller_may_send_nothing_at_all() -> None:
    made = opened(caller=Mute())
    assert run(made, 1.0) == []
    assert set(made.sent_ulaw) == {0xFF}


@pytest.mark.parametrize(("counted", "chunks"), [(False, [1, 2, 3, 4]), (True, [1, 2, 5, 6])])
def test_lost_frames_leave_a_gap(counted: bool, chunks: list[int]) -> None:
    made = opened(omit_frames=frozenset({2, 3}), chunk_counts_omitted=counted)
    sent = run(made, 0.22)
    assert [int(m["media"]["timestamp"]) for m in sent] == [118, 138, 198, 218]
    assert [int(m["media"]["chunk"]) for m in sent] == chunks
    assert [int(m["sequenceNumber"]) for m in sent] == [2, 3, 4, 5]


def test_a_frame_lost_before_twilio_comes_as_silence() -> None:
    made = opened(Say(WORDS, At(0.0)), conceal_frames=frozenset({1}))
    assert payloads(run(made, 0.18))[:3] == [WORDS[:160], SILENT_FRAME, WORDS[320:]]
    assert made.sent_ulaw[960:1440] == WORDS[:160] + SILENT_FRAME + WORDS[320:]


# --- playback --------------------------------------------------------------------------------


def test_audio_is_heard_from_the_next_tick_on_and_silence_around_it() -> None:
    made = opened()
    run(made, 0.1)
    assert made.receive(media(320), T0 + 0.105) == []
    run(made, 0.2)
    assert made.heard == b"\xff" * 160 * 6 + b"\x11" * 320 + b"\xff" * 160 * 3
    assert made.played == [Run(960, 0, 320)]
    assert made.first_audio_at == T0 + 6 * 0.02


def test_a_mark_comes_back_when_its_audio_is_through_and_the_echo_delay_over() -> None:
    made = opened(echo_delay_ms=20)
    run(made, 0.1)
    made.receive(media(800), T0 + 0.1)
    assert made.receive(mark("end"), T0 + 0.1) == []
    assert of(run(made, 0.239), "mark") == []
    (echo,) = of(run(made, 0.241), "mark")
    assert echo["mark"] == {"name": "end"}
    (record,) = made.marks
    assert round(record.reached_at - T0, 4) == 0.22  # five packets: 0.12 to 0.22
    assert round(record.at - T0, 4) == 0.24
    assert (record.position_bytes, record.flushed, record.lost) == (800, False, False)


def test_an_echo_between_two_ticks_is_a_deadline_of_its_own() -> None:
    made = opened(echo_delay_ms=7)
    made.receive(media(160), T0)
    made.receive(mark("a"), T0)
    run(made, 0.04)  # played 0.02 to 0.04
    assert made.deadline() == pytest.approx(T0 + 0.047)
    assert names(made.tick(T0 + 0.047)) == ["a"]


def test_a_mark_with_nothing_before_it_comes_back_at_once() -> None:
    made = opened()
    assert names(made.receive(mark("a"), T0 + 0.01)) == ["a"]
    assert made.marks[0].at == T0 + 0.01


def test_marks_come_back_in_order_even_when_one_is_delayed() -> None:
    made = opened(echo_delay_ms=50)
    made.receive(media(160), T0)
    made.receive(mark("a"), T0)
    assert of(run(made, 0.06), "mark") == []
    assert names(made.receive(mark("b"), T0 + 0.065)) == []  # nothing queued, "a" on its way
    assert [m["mark"]["name"] for m in of(run(made, 0.2), "mark")] == ["a", "b"]


def test_equal_names_are_nobodys_business_but_the_far_ends() -> None:
    made = opened()
    assert names(made.receive(mark("a"), T0)) == names(made.receive(mark("a"), T0)) == ["a"]


def test_clear_empties_the_buffer_and_returns_all_marks_at_once() -> None:
    made = opened()
    for name in "abc":
        made.receive(media(1600), T0)
        made.receive(mark(name), T0)
    run(made, 0.25)  # 13 packets left: 2080 bytes; "a" reached at 0.22 and echoed at 0.24
    assert names(made.receive(CLEAR, T0 + 0.255)) == ["b", "c"]
    (clear,) = made.clears
    assert clear.at == T0 + 0.255
    assert clear.position_bytes == 12 * 160  # ticks 0.02 to 0.24
    assert clear.dropped_bytes == 4800 - 12 * 160
    assert clear.flushed_marks == ("b", "c")
    assert [(m.name, m.flushed) for m in made.marks] == [("a", False), ("b", True), ("c", True)]
    run(made, 1.0)
    assert len(made.heard.strip(b"\xff")) == 12 * 160


def test_an_echo_on_its_way_when_clear_comes_goes_first_and_counts_as_played() -> None:
    made = opened(echo_delay_ms=100)
    made.receive(media(160), T0)
    made.receive(mark("a"), T0)
    made.receive(media(1600), T0)
    made.receive(mark("b"), T0)
    run(made, 0.06)
    assert names(made.receive(CLEAR, T0 + 0.07)) == ["a", "b"]
    assert [m.flushed for m in made.marks] == [False, True]


def test_clear_on_an_empty_buffer_is_answered_by_nothing() -> None:
    made = opened()
    assert made.receive(CLEAR, T0) == []
    assert made.clears[0].position_bytes == made.clears[0].dropped_bytes == 0


def test_a_lost_mark_never_comes_back() -> None:
    made = opened(lost_marks=frozenset({1}))
    got = [names(made.receive(mark(name), T0)) for name in "abc"]
    assert got == [["a"], [], ["c"]]
    assert [m.lost for m in made.marks] == [False, True, False]


def test_a_frame_meets_the_buffer_as_it_is_at_its_own_time() -> None:
    made = opened()
    made.receive(media(1600), T0)
    messages = made.receive(CLEAR, T0 + 0.1)  # nobody ticked in between
    assert made.clears[0].position_bytes == 5 * 160
    assert messages == []
    assert len(made.heard) == 6 * 160


def test_a_held_tail_keeps_back_the_mark_and_a_padded_one_does_not() -> None:
    for tail, marks in (("hold", []), ("pad", ["end"])):
        made = opened(partial_tail=tail)
        made.receive(media(200), T0)
        made.receive(mark("end"), T0)
        assert [m["mark"]["name"] for m in of(run(made, 1.0), "mark")] == marks


# --- what the error log would say ------------------------------------------------------------


def test_a_well_behaved_far_end_leaves_no_warning() -> None:
    made = opened()
    for frame in (media(160), media(3200), mark("a"), CLEAR):
        made.receive(frame, T0)
    assert made.warnings == []


def test_an_invalid_message_is_ignored_and_mentioned_once() -> None:
    made = opened()
    made.receive("{", T0)
    made.receive(json.dumps({**json.loads(media(160)), "sequenceNumber": "1"}), T0)
    made.receive(json.dumps({**json.loads(media(160)), "streamSid": "MZother"}), T0)
    made.receive(b"\x00\x01", T0 + 1)
    assert [(w.code, w.at) for w in made.warnings] == [(31951, T0), (31950, T0 + 1)]
    assert made.warning_counts == {31951: 3, 31950: 1}
    assert made.received_bytes == 0


def test_a_message_before_start_is_invalid() -> None:
    made = stream()
    made.receive(media(160), T0)
    assert [w.code for w in made.warnings] == [31951]
    assert made.received_bytes == 0


def test_a_monologue_beyond_ten_minutes_is_cut_and_mentioned() -> None:
    made = opened()
    for _ in range(12):
        made.receive(media(480_000), T0)
    assert made.queued_bytes == CEILING_BYTES
    assert made.warning_counts == {31931: 2}
    assert len(made.warnings) == 1


def test_a_wav_header_is_played_and_objected_to() -> None:
    made = opened()
    payload = base64.b64encode(b"RIFF" + b"\x00" * 156).decode()
    made.receive(
        json.dumps({"event": "media", "streamSid": SID, "media": {"payload": payload}}), T0
    )
    assert made.queued_bytes == 160
    assert [w.code for w in made.warnings] == [101]
