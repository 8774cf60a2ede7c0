"""A message that breaks its protocol."""

import msgspec

# What the decoder raises on text that is no JSON, has the wrong shape, or is nested without end.
UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)


class WireError(ValueError):
    """One malformed message from a peer: it is dropped, and the call goes on.

    ``peer`` is "carrier" or "model"; the message names the field where that is known and never
    holds the payload.
    """

    def __init__(self, peer: str, problem: str) -> None:
        super().__init__(f"{peer}: {problem}")
        self.peer = peer
        self.problem = problem
