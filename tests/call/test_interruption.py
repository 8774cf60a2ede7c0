"""Does the caller's sound interrupt?"""

from bridge.call.interruption import Interruption, Verdict


def test_speech_interrupts() -> None:
    assert Interruption().speech_started() is Verdict.CONFIRMED


def test_interruption_off_means_off() -> None:
    assert Interruption(enabled=False).speech_started() is Verdict.DISMISSED


def test_what_is_decided_stays_decided() -> None:
    for decided in (Verdict.CONFIRMED, Verdict.DISMISSED):
        assert Interruption(enabled=False).decide(decided) is decided
        assert Interruption().decide(decided) is decided
