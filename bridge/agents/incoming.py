"""What is known of a call before it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

# Carriers write a number that is not shown as a word, or as that word typed on a keypad.
_WORDS: Final = ("anonymous", "restricted", "blocked", "unknown", "unavailable", "private")
_KEYS: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
_WITHHELD: Final = frozenset(_WORDS) | {f"+{word.translate(_KEYS)}" for word in _WORDS}


@dataclass(frozen=True)
class Incoming:
    """``caller`` and ``called`` as the carrier writes them: E.164, ``sip:…``, ``client:…``, or
    for the caller a word such as ``anonymous``. ``parameters`` are those of the stream."""

    call_sid: str
    caller: str
    called: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    account_sid: str | None = None

    @property
    def withheld(self) -> bool:
        """The caller's number is not shown."""
        return withheld(self.caller)


def withheld(caller: str) -> bool:
    user = caller.strip().lower().removeprefix("sip:").partition("@")[0]
    return not user or user in _WITHHELD


def address(written: str) -> str:
    """A number or SIP address in the one form in which routes name it: no port, no parameters,
    host in small letters (RFC 3261, 19.1.4: the user part keeps its case)."""
    text = written.strip()
    scheme, colon, rest = text.partition(":")
    if scheme.lower() not in ("sip", "sips") or not colon:
        return text
    user, at, host = rest.partition("@")
    if not at:
        return f"sip:{user}"
    return f"sip:{user.partition(';')[0]}@{_host(host)}"


def _host(written: str) -> str:
    """Of ``host:port;parameters?headers``."""
    host = written.partition("?")[0].partition(";")[0].lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
