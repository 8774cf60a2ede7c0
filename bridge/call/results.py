"""The functions that run, and which results have not been answered yet."""


class Results:
    """All results of one response first, then one answer to them.

    The response tells whether it calls another function only by its end.
    """

    def __init__(self) -> None:
        self._running: dict[str, str] = {}  # call id to response
        self._unanswered: set[str] = set()  # responses

    def called(self, call_id: str, response_id: str) -> None:
        self._running[call_id] = response_id

    def returned(self, call_id: str) -> str | None:
        """The response that called the function; None: it does not run."""
        response_id = self._running.pop(call_id, None)
        if response_id is not None:
            self._unanswered.add(response_id)
        return response_id

    def missing(self, response_id: str) -> bool:
        """A function that the response called still runs."""
        return response_id in self._running.values()

    def due(self, response_id: str) -> bool:
        """All results of a response that is done are there: they are to be answered. Told once."""
        if self.missing(response_id) or response_id not in self._unanswered:
            return False
        self._unanswered.remove(response_id)
        return True

    def answered(self) -> None:
        """An answer comes that sees every result there is."""
        self._unanswered.clear()
