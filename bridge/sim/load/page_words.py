"""What the names of a report are called on the page."""

import re
from typing import Any, Final

Json = dict[str, Any]

MEASURES: Final = {
    "calls_lost": "calls lost",
    "calls_unmatched": "calls not found at the model",
    "caller_frames_lost": "caller frames lost",
    "caller_frames_doubled": "caller frames doubled",
    "playback_gaps": "playback gaps",
    "outbound_skips": "answer audio skipped",
    "agent_frames_lost": "answer frames lost",
    "agent_audio_unrecognised": "answer frames not the model's sound",
    "agent_level_error_db": "level of answers, off by",
    "caller_level_error_db": "level of the caller, off by",
    "stale_frames": "stale frames after a clear",
    "clears_missing": "barge-ins without a clear",
    "clears_unasked": "clears while nobody spoke",
    "carrier_warnings": "carrier warnings",
    "model_errors": "model errors",
    "unanswered_steps": "steps without an answer",
    "caller_frames_sent": "caller frames sent",
    "truncations": "truncations",
    "playback_gap_ms": "playback gaps together",
    "told_too_little_ms": "told less than heard, at most",
    "told_too_much_ms": "told more than heard, at most",
    "inbound": "added latency, caller to model",
    "outbound": "added latency, model to caller",
    "added_latency": "added latency, both ways",
    "barge_in_to_clear": "barge-in to clear",
    "truncation_error": "truncation error",
    "end_of_speech_to_first_audio": "end of speech to first audio",
    "queue_to_ear": "queue to the ear",
    "webhook": "webhook answered",
    "socket_open": "media socket open",
    "first_media": "stream start to first media",
    "first_audio": "stream start to first audio",
}
UNITS: Final = {"_ms": "ms", "_db": "dB"}
BEHAVIOURS: Final = {
    "talk": "talks in turn",
    "barge_in": "talks over answers",
    "long_silence": "is silent for long",
    "dtmf": "presses keys",
    "hang_up_mid_word": "hangs up in mid-word",
    "noisy_line": "a noisy line",
    "echo": "hears itself",
    "slow_network": "a slow network",
}


def words(name: str) -> str:
    """A measure in words; one of a latency with its percentile."""
    if name in MEASURES:
        return MEASURES[name]
    found = re.fullmatch(r"(\w+?)_(p\d+|max|mean)_ms", name)
    if found and found[1] in MEASURES:
        return f"{MEASURES[found[1]]}, {found[2]}"
    return name.replace("_", " ")


def unit_of(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "")


def plural(count: int, one: str) -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"
