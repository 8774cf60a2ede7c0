"""Where a Realtime session finds its voice."""

from collections.abc import AsyncIterator
from typing import Protocol

from bridge.sim.voice.jobs import Job, Result


class VoiceSession(Protocol):
    """The voice of one Realtime session, with a detector state of its own."""

    def ask(self, job: Job) -> AsyncIterator[Result]:
        """The results of one job, in order; ``Detect`` jobs are done in the order asked."""
        ...

    async def close(self) -> None:
        """Give up the session's state. Jobs under way may be dropped."""
        ...


class Voice(Protocol):
    """The voice of one process, shared by its sessions."""

    def open(self) -> VoiceSession: ...
