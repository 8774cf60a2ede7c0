"""Which ended calls the carrier has still to ask about: what comes next?"""

import asyncio
from typing import Final

# From the end of a stream to the request for the action of its <Connect> take 0.1 to 0.7 s on live
# calls. Unanswered, the caller hears the carrier's error in place of our apology.
ASKED_WITHIN_S: Final = 2.0


class Questions:
    """A call is expected to be asked about until it was, or for so long after its end."""

    def __init__(self) -> None:
        self._expected: dict[str, asyncio.TimerHandle | None] = {}  # None: it has not ended
        self._none = asyncio.Event()
        self._none.set()

    def expect(self, call_sid: str) -> None:
        self._expected.setdefault(call_sid, None)
        self._none.clear()

    def ended(self, call_sid: str) -> None:
        """The stream is closed, so the question is on its way."""
        if call_sid in self._expected:
            self._cancel(call_sid)
            later = asyncio.get_running_loop().call_later
            self._expected[call_sid] = later(ASKED_WITHIN_S, self.settle, call_sid)

    def settle(self, call_sid: str) -> None:
        """It was asked, or will not be."""
        self._cancel(call_sid)
        self._expected.pop(call_sid, None)
        if not self._expected:
            self._none.set()

    def _cancel(self, call_sid: str) -> None:
        if timer := self._expected.get(call_sid):
            timer.cancel()

    async def settled(self) -> None:
        """Until none is expected any more; bounded."""
        try:
            async with asyncio.timeout(ASKED_WITHIN_S):
                await self._none.wait()
        except TimeoutError:  # a call has not even ended
            return
