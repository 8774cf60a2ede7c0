"""What the session is to be, and what the service makes of it."""

from bridge.call.actions import Note
from bridge.wire.dialect import SessionUpdate
from bridge.wire.realtime import Error, SessionUpdated
from bridge.wire.session import SessionConfig


class Configuration:
    """Asked for with one update, ``agreed`` with its echo."""

    def __init__(self, session: SessionConfig) -> None:
        self.agreed = False
        self._session = session
        self._asked_again = False

    def ask(self) -> SessionUpdate:
        return SessionUpdate(self._session)

    def refused(self, error: Error) -> SessionUpdate | None:
        """One wrong key voids the whole update: this would be somebody else's agent. A fault of
        the service, or the one key that some revisions do not take, is tried once more."""
        untyped = (error.code, error.param) == ("unknown_parameter", "session.type")
        if self._asked_again or not (untyped or error.type == "server_error"):
            return None
        self._asked_again = True
        return SessionUpdate(self._session, typed=not untyped)

    def echoed(self, event: SessionUpdated) -> list[Note]:
        """Agreed; with a note of what is not as it was asked for."""
        self.agreed = True
        asked = self._session.audio_format
        details = [
            f"asked the model for {asked} {side}, it keeps {echoed}: using that"
            for side, echoed in (("input", event.input_format), ("output", event.output_format))
            if echoed not in (None, asked)
        ]
        details += [
            f"asked the model for {asked}, it names {name}, which is not known here"
            for name in event.unknown
        ]
        notes = [Note("format_mismatch", detail) for detail in details]
        if event.hears_turns is False and self._session.turn_detection is not None:
            notes.append(
                Note("turns_unheard", "the model keeps turn detection off: it will not answer")
            )
        return notes
