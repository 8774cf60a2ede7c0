"""What a TwiML document tells the phone network to do (TwiML for Programmable Voice).

Acted out: Say, Play, Pause (their time passes), Connect with Stream, Redirect, Reject, Hangup, and
with a scripted end Dial and Enqueue. Gather passes the time of a caller who presses nothing.
Known and skipped with a warning of ours: Start, Stop, Record, Leave, Refer, Pay, Prompt, Sms,
and the nouns of Connect other than Stream. Anything else is Twilio's schema warning 12200.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from xml.etree import ElementTree

from bridge.sim.carrier.urls import is_url, resolved
from bridge.sim.carrier.warning import UNSUPPORTED_VERB

UNPARSABLE: Final = 12100
SCHEMA: Final = 12200
INVALID_URL: Final = 11100
RELATIVE_URL: Final = 15004
BAD_SCHEME: Final = 31922
BAD_URL: Final = 31923
BAD_TRACK: Final = 31941
PARAMETER_CHARACTERS: Final = 500  # name and value together stay below

SAY_MS_PER_CHARACTER: Final = 60
PLAY_S: Final = 2.0  # of a recording nobody fetches
DIGIT_S: Final = 0.5


@dataclass(frozen=True)
class Speak:
    """Say, Play, Pause or a Gather without input: so much time passes."""

    verb: str
    s: float
    text: str = ""


@dataclass(frozen=True)
class Stream:
    """Connect with Stream: blocks until the stream has ended."""

    url: str  # without a query, which Twilio drops
    name: str | None
    parameters: Mapping[str, str]
    action: str | None
    method: str
    status_callback: str | None
    status_callback_method: str
    fault: tuple[int, str] | None = None  # accepted as TwiML, fails as a stream


@dataclass(frozen=True)
class HandOver:
    """Dial or Enqueue: somebody else has the caller now."""

    verb: str
    targets: tuple[str, ...]
    action: str | None
    method: str


@dataclass(frozen=True)
class Redirect:
    url: str
    method: str


@dataclass(frozen=True)
class Reject:
    reason: str  # "busy" or "rejected"


@dataclass(frozen=True)
class Hangup:
    pass


Instruction = Speak | Stream | HandOver | Redirect | Reject | Hangup


class TwimlError(Exception):
    """The document cannot be carried out at all."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "Say": frozenset({"voice", "language", "loop"}),
    "Play": frozenset({"loop", "digits"}),
    "Pause": frozenset({"length"}),
    "Connect": frozenset({"action", "method"}),
    "Stream": frozenset(
        {
            "url",
            "name",
            "track",
            "statusCallback",
            "statusCallbackMethod",
            "connectorName",
            "audioFormat",
            "sampleRate",
        }
    ),
    "Parameter": frozenset({"name", "value"}),
    "Redirect": frozenset({"method"}),
    "Reject": frozenset({"reason"}),
    "Hangup": frozenset(),
}
_NOT_ACTED_OUT: Final = frozenset(
    {"Start", "Stop", "Record", "Leave", "Refer", "Pay", "Prompt", "Sms"}
)
_NOUNS: Final = frozenset({"AiSession", "ConversationRelay", "Room", "VirtualAgent", "Assistant"})


class Document:
    """One document, carried out verb by verb: ``next`` until it says ``Hangup``."""

    def __init__(self, text: str, *, base_url: str | None, allow_ws: bool = False) -> None:
        """``base_url`` resolves relative URLs; a document that came over REST has none.

        Raises ``TwimlError`` where the text is no ``Response`` document.
        """
        self.warnings: list[tuple[int, str]] = []
        self._base_url = base_url
        self._allow_ws = allow_ws
        try:
            root = ElementTree.fromstring(text)
        except (ElementTree.ParseError, ValueError) as error:
            raise TwimlError(UNPARSABLE, f"not XML: {error}") from None
        if root.tag != "Response":
            raise TwimlError(UNPARSABLE, f"the root is <{root.tag}>, not <Response>")
        self._verbs = list(root)
        self._next = 0

    def next(self) -> Instruction:
        """What to do now; ``Hangup`` at the end of the document, as Twilio hangs up there.

        Raises ``TwimlError`` for a relative URL without a base.
        """
        while self._next < len(self._verbs):
            verb = self._verbs[self._next]
            self._next += 1
            if instruction := self._instruction(verb):
                return instruction
        return Hangup()

    def _instruction(self, verb: ElementTree.Element) -> Instruction | None:
        self._check_attributes(verb)
        match verb.tag:
            case "Say" | "Play" | "Pause":
                return Speak(verb.tag, _duration_s(verb), _text(verb))
            case "Gather":
                prompts = sum(_duration_s(prompt) for prompt in verb)
                return Speak("Gather", prompts + _number(verb, "timeout", 5))
            case "Connect":
                return self._connect(verb)
            case "Dial" | "Enqueue":
                targets = tuple(t for e in verb.iter() if (t := _text(e)))
                return HandOver(verb.tag, targets, self._url(verb, "action"), _method(verb))
            case "Redirect":
                return Redirect(self._absolute(_text(verb)), _method(verb))
            case "Reject":
                return Reject(verb.get("reason", "rejected"))
            case "Hangup":
                return Hangup()
        self._skip(verb.tag)
        return None

    def _connect(self, verb: ElementTree.Element) -> Instruction | None:
        nouns = list(verb)
        if len(nouns) != 1 or nouns[0].tag != "Stream":
            for noun in nouns:
                self._skip(noun.tag, known=noun.tag in _NOUNS)
            self.warnings.append((SCHEMA, "<Connect> without exactly one <Stream>"))
            return None
        stream = nouns[0]
        self._check_attributes(stream)
        url, fault = self._stream_url(stream)
        if (track := stream.get("track", "inbound_track")) != "inbound_track":
            fault = BAD_TRACK, f"track {track!r} on a bidirectional stream"
        return Stream(
            url=url,
            name=stream.get("name"),
            parameters=self._parameters(stream),
            action=self._url(verb, "action"),
            method=_method(verb),
            status_callback=self._callback(stream),
            status_callback_method=stream.get("statusCallbackMethod", "POST").upper(),
            fault=fault,
        )

    def _stream_url(self, stream: ElementTree.Element) -> tuple[str, tuple[int, str] | None]:
        url = stream.get("url", "").strip()
        schemes = ("wss", "ws") if self._allow_ws else ("wss",)
        if url.partition(":")[0] not in schemes:
            return url, (BAD_SCHEME, f"stream url {url!r} is not wss")
        if not is_url(url, *schemes):
            return url, (BAD_URL, f"stream url {url!r} cannot be called")
        parts = urlsplit(url)
        if parts.query:
            self.warnings.append((31920, "stream url with a query: connected to without it"))
        return parts._replace(query="", fragment="").geturl(), None

    def _callback(self, stream: ElementTree.Element) -> str | None:
        url = stream.get("statusCallback")
        if url is not None and not is_url(url, "http", "https"):
            self.warnings.append((SCHEMA, f"statusCallback {url!r} is not absolute"))
            return None
        return url

    def _parameters(self, stream: ElementTree.Element) -> dict[str, str]:
        found: dict[str, str] = {}
        for element in stream:
            self._check_attributes(element)
            name, value = element.get("name", ""), element.get("value", "")
            if element.tag != "Parameter" or not name:
                self.warnings.append((SCHEMA, f"<{element.tag}> in <Stream> is no parameter"))
            elif len(name) + len(value) >= PARAMETER_CHARACTERS:
                self.warnings.append((SCHEMA, f"parameter {name!r} is too long"))
            else:
                found[name] = value
        return found

    def _url(self, verb: ElementTree.Element, attribute: str) -> str | None:
        url = verb.get(attribute)
        return None if url is None else self._absolute(url)

    def _absolute(self, url: str) -> str:
        url = url.strip()
        if "://" not in url:
            if self._base_url is None:
                text = f"relative URL {url!r} in a document without a base"
                raise TwimlError(RELATIVE_URL, text)
            url = resolved(self._base_url, url)
        if not is_url(url, "http", "https"):
            raise TwimlError(INVALID_URL, f"{url!r} cannot be called")
        return url

    def _check_attributes(self, element: ElementTree.Element) -> None:
        known = _ATTRIBUTES.get(element.tag)
        if known is None:
            return
        for name in element.attrib:
            if name not in known:
                self.warnings.append((SCHEMA, f"<{element.tag}> has no attribute {name!r}"))

    def _skip(self, tag: str, *, known: bool = False) -> None:
        if known or tag in _NOT_ACTED_OUT:
            self.warnings.append((UNSUPPORTED_VERB, f"<{tag}> is not acted out"))
        else:
            self.warnings.append((SCHEMA, f"<{tag}> is unknown here"))


def _text(element: ElementTree.Element) -> str:
    return (element.text or "").strip()


def _method(verb: ElementTree.Element) -> str:
    return verb.get("method", "POST").upper()


def _duration_s(verb: ElementTree.Element) -> float:
    if verb.tag == "Pause":
        return _number(verb, "length", 1)
    if verb.tag == "Play":
        digits = verb.get("digits")
        once = PLAY_S if digits is None else DIGIT_S * len(digits)
    else:
        once = len(_text(verb)) * SAY_MS_PER_CHARACTER / 1000
    return once * max(1.0, _number(verb, "loop", 1))


def _number(verb: ElementTree.Element, attribute: str, default: float) -> float:
    value = verb.get(attribute, "")
    return float(value) if value.isdecimal() else default
