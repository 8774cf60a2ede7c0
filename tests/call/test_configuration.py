"""The one update that makes a session this agent's."""

import pytest

from bridge.call.configuration import Configuration
from bridge.wire.dialect import SessionUpdate
from bridge.wire.realtime import Error, SessionUpdated
from tests.call.phone import ULAW

FUMBLED = Error("sorry", type="server_error")
UNTYPED = Error("?", code="unknown_parameter", param="session.type")


def test_it_is_agreed_with_the_echo() -> None:
    configuration = Configuration(ULAW)
    assert configuration.ask() == SessionUpdate(ULAW)
    assert not configuration.agreed
    assert configuration.echoed(SessionUpdated("g711_ulaw", None)) == []
    assert configuration.agreed


def test_a_format_nobody_asked_for_is_noted_on_each_side() -> None:
    notes = Configuration(ULAW).echoed(SessionUpdated("pcm16", "pcm16"))
    assert [note.detail for note in notes] == [
        f"asked the model for g711_ulaw {side}, it keeps pcm16: using that"
        for side in ("input", "output")
    ]


def test_what_the_model_cannot_do_is_noted() -> None:
    notes = Configuration(ULAW).echoed(SessionUpdated(None, None, ("audio/pcma",), False))
    assert [note.kind for note in notes] == ["format_mismatch", "turns_unheard"]
    assert "audio/pcma" in notes[0].detail


@pytest.mark.parametrize(("first", "typed"), [(FUMBLED, True), (UNTYPED, False)])
def test_it_is_asked_for_twice_at_most(first: Error, typed: bool) -> None:
    configuration = Configuration(ULAW)
    assert configuration.refused(first) == SessionUpdate(ULAW, typed=typed)
    assert configuration.refused(first) is None


def test_a_wrong_key_is_not_asked_for_again() -> None:
    wrong = Error("?", code="unknown_parameter", param="session.audio")
    assert Configuration(ULAW).refused(wrong) is None
