"""Which verb comes next, and what has to be asked to know it.

Redirects are followed, what cannot be carried out goes to the fallback, and the error log is kept
(Voice, "fallback URL"; Error and Warning Dictionary).
"""

from bridge.sim.carrier.commands import Ask
from bridge.sim.carrier.correspondence import Answered, Correspondence
from bridge.sim.carrier.number import Line
from bridge.sim.carrier.twiml import (
    Document,
    HandOver,
    Hangup,
    Redirect,
    Reject,
    Speak,
    Stream,
    TwimlError,
)
from bridge.sim.carrier.warning import Warning_
from bridge.sim.carrier.webhook import HTTP_FAILED

MAX_DOCUMENTS = 100  # a call that is redirected for ever has to end somewhere

# A verb to be carried out; requests whose answer will tell; None: nothing is left to be tried.
Next = Speak | Stream | HandOver | Reject | Hangup | list[Ask] | None


class Documents:
    def __init__(self, letters: Correspondence, line: Line, *, allow_ws: bool) -> None:
        self.errors: list[Warning_] = []
        self.warnings: list[Warning_] = []
        self._letters = letters
        self._line = line
        self._allow_ws = allow_ws
        self._document: Document | None = None
        self._count = 0
        self._fell_back = False

    def answered(self, end: Answered, status: str, now: float) -> Next:
        """What came of a request for a document; ``status`` is that of the call."""
        if end.document is None:
            return self._failed(end.code, end.text, end.request.url, status, now)
        return self.run(end.document, end.request.url, status, now)

    def run(self, text: str, base_url: str | None, status: str, now: float) -> Next:
        """Another document, from its first verb on."""
        self._count += 1
        try:
            if self._count > MAX_DOCUMENTS:
                raise TwimlError(HTTP_FAILED, f"more than {MAX_DOCUMENTS} documents")
            self._document = Document(text, base_url=base_url, allow_ws=self._allow_ws)
        except TwimlError as error:
            return self._failed(error.code, error.text, base_url or "", status, now)
        return self.next(status, now)

    def next(self, status: str, now: float) -> Next:
        """The next verb of the document that runs."""
        assert self._document
        try:
            verb = self._document.next()
        except TwimlError as error:
            return self._failed(error.code, error.text, "", status, now)
        self.warnings += [Warning_(code, text, now) for code, text in self._document.warnings]
        self._document.warnings.clear()
        if isinstance(verb, Redirect):
            return self._letters.ask("redirect", verb.method, verb.url, status, now)
        return verb

    def _failed(self, code: int, text: str, url: str, status: str, now: float) -> Next:
        self.errors.append(Warning_(code, text, now))
        fallback = self._line.fallback_url
        if fallback is None or self._fell_back:
            return None
        self._fell_back = True
        extra = [("ErrorCode", str(code)), ("ErrorUrl", url)]
        return self._letters.ask("fallback", "POST", fallback, status, now, extra)
