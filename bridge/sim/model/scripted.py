"""A mind that says what it was told to say."""

from collections.abc import Callable, Sequence

from bridge.sim.model.reply import Context, Reply

Script = Sequence[Reply] | Callable[[Context], Reply]


class ScriptedMind:
    """Gives its replies in order, then the last one again; or asks a function."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.contexts: list[Context] = []

    def reply(self, context: Context) -> Reply:
        self.contexts.append(context)
        if callable(self._script):
            return self._script(context)
        return self._script[min(len(self.contexts), len(self._script)) - 1]
