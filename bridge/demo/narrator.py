"""Tells what happens on the line while it happens."""

from collections.abc import Callable, Mapping

from bridge.sim.carrier.caller import Ear, HangUp, Press, Say, ScriptedCaller

PAUSE_MS = 1100  # of quiet: the agent has finished
CUT_MS = 300  # of quiet, while the caller interrupts: the agent has stopped
VOICE_MS = 100  # audible for so long: the agent speaks
TEXT_CHARACTERS = 60


class Narrator:
    """A caller that is another one, and says what that one does and hears."""

    def __init__(
        self, caller: ScriptedCaller, texts: Mapping[str, str], tell: Callable[[str], None]
    ) -> None:
        """``texts``: what is said, by the label of the step."""
        self.caller = caller
        self._texts = texts
        self._tell = tell
        self._ear = Ear()
        self._speaking_since: float | None = None
        self._interrupting = False

    @property
    def digits(self) -> list[str]:
        return self.caller.digits

    @property
    def hung_up(self) -> bool:
        return self.caller.hung_up

    def frame(self, now: float, heard: bytes) -> bytes | None:
        self._ear.listen(heard)
        self._agent(now)
        steps = len(self.caller.records)
        said = self.caller.frame(now, heard)
        for record in self.caller.records[steps:]:
            self._step(record.step)
        return said

    def _agent(self, now: float) -> None:
        ear, since = self._ear, self._speaking_since
        if since is None and ear.audible_ms >= VOICE_MS and not ear.quiet_ms:
            self._speaking_since = now - VOICE_MS / 1000
            self._tell("agent speaks")
        elif ear.quiet_ms >= (CUT_MS if self._interrupting else PAUSE_MS):
            if since is not None and self._interrupting:
                heard_s = now - ear.quiet_ms / 1000 - since
                self._tell(f"agent stops, interrupted after {heard_s:.1f} s")
            self._speaking_since, self._interrupting = None, False
            ear.start_anew()

    def _step(self, step: Say | Press | HangUp) -> None:
        match step:
            case Say(_, _, label):
                text = self._texts.get(label, label)
                shown = text if len(text) <= TEXT_CHARACTERS else f"{text[:TEXT_CHARACTERS]}…"
                self._interrupting = self._speaking_since is not None
                how = "interrupts" if self._interrupting else "says"
                self._tell(f"caller {how}: {shown}")
            case Press(digit):
                self._tell(f"caller presses {digit}")
            case HangUp():
                self._tell("caller hangs up")
