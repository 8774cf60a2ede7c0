"""Why another machine could not be reached: which step it was."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bridge.loopback import is_loopback

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Unreached:
    """``told`` begins with the step that failed."""

    told: str
    mend: str


def client(url: str, timeout_s: float | None = None) -> httpx.AsyncClient:
    """For one origin; redirects are answers like any other."""
    outside = not is_loopback(urlsplit(url).hostname or "")
    time_s = TIMEOUT_S if timeout_s is None else timeout_s
    return httpx.AsyncClient(timeout=time_s, trust_env=outside, follow_redirects=False)


def unreached(error: BaseException, url: str, variable: str) -> Unreached:
    """``variable`` is where the URL comes from."""
    host = urlsplit(url).hostname or url
    for each in _chain(error):
        if isinstance(each, socket.gaierror):
            return Unreached(
                f"DNS: the name {host} is not known",
                f"correct the host in {variable}, or make its DNS record",
            )
        if isinstance(each, ssl.SSLError):
            why = getattr(each, "verify_message", "") or each.reason or type(each).__name__
            return Unreached(
                f"TLS: {host}: {why}",
                "give the server a valid certificate for this name, with its whole chain; is it"
                f" https at all, and is the port in {variable} right?",
            )
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        step = "connect" if isinstance(error, httpx.ConnectTimeout) else "answer"
        return Unreached(
            f"{step}: {host} says nothing within the time",
            "look whether the server is up and whether a firewall swallows the packets",
        )
    return Unreached(
        f"connect: {host}: {_words(error)}",
        f"start what should listen there, open the firewall, or correct {variable}",
    )


def _words(error: BaseException) -> str:
    deepest = [each for each in _chain(error) if isinstance(each, OSError)]
    shown = deepest[-1] if deepest else error
    return str(shown).strip().split("\n")[0] or type(shown).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, of groups all parts."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
