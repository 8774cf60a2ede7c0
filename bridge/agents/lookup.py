"""A question to a system of ours before the call: who is it that calls?

Whatever that system does, the call goes on: it has a deadline, its answer is bounded, and a failure
is an empty answer with a note.
"""

import asyncio
import logging
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import httpx
import msgspec

from bridge.agents.addresses import AddressRefused, public_address
from bridge.agents.document import Agent, LookUp
from bridge.agents.incoming import Incoming
from bridge.agents.variables import lookup_keys

MAX_ANSWER_BYTES: Final = 64 * 1024

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """``fields`` has of the answer what was asked for; ``note`` says why there is none."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None


class _Failed(Exception):
    """In words for the note."""


async def look_up(agent: Agent, incoming: Incoming, *, private_allowed: bool = False) -> Found:
    """Never raises, and takes no longer than the agent allows. Nothing is asked where no variable
    wants to know."""
    asked, keys = agent.lookup, lookup_keys(agent)
    if asked is None or not keys:
        return Found()
    try:
        async with asyncio.timeout(asked.timeout_ms / 1000):
            return Found(_wanted(await _answer(asked, incoming, private_allowed), keys))
    except TimeoutError:
        note = f"no answer within {asked.timeout_ms} ms"
    except (_Failed, AddressRefused) as error:
        note = str(error)
    except Exception as error:  # the promise is that a call goes on, whatever it is
        note = f"{type(error).__name__}: {error}"
    note = f"look-up: {note[:300]}; the defaults are used"
    logger.warning("%s", note)
    return Found({}, note)


async def _answer(asked: LookUp, incoming: Incoming, private_allowed: bool) -> Mapping[str, Any]:
    url = httpx.URL(asked.url)
    # The address that was looked at is the one that is used: a name may change in between.
    host = await public_address(url.host, url.port or _port(url), private_allowed)
    question = {
        "caller": incoming.caller,
        "called": incoming.called,
        "call_sid": incoming.call_sid,
        "parameters": dict(incoming.parameters),
    }
    told = {
        **asked.headers,
        "Host": url.netloc.decode("ascii"),
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # what is packed has no bound
    }
    async with (
        httpx.AsyncClient(
            verify=_trust(), trust_env=False, follow_redirects=False, timeout=None
        ) as client,
        client.stream(
            "POST",
            url.copy_with(host=host),
            content=msgspec.json.encode(question),
            headers=told,
            extensions={"sni_hostname": url.host},
        ) as response,
    ):
        if not response.is_success:
            raise _Failed(f"the answer is status {response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise _Failed("the answer is packed, which was not asked for")
        return _decoded(await _bounded(response))


def _port(url: httpx.URL) -> int:
    return 443 if url.scheme == "https" else 80


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw(8192):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise _Failed(f"the answer has more than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _decoded(body: bytes) -> Mapping[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise _Failed("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise _Failed("the answer is not a JSON object")
    return answer


def _wanted(answer: Mapping[str, Any], keys: Collection[str]) -> Mapping[str, Any]:
    found = {key: _at(answer, key) for key in keys}
    return {key: value for key, value in found.items() if value is not None}


def _at(answer: Mapping[str, Any], key: str) -> Any:
    """A dot goes into an object, where there is no key of that very name."""
    if key in answer:
        return answer[key]
    first, dot, rest = key.partition(".")
    inner = answer.get(first)
    return _at(inner, rest) if dot and isinstance(inner, dict) else None


@cache
def _trust() -> ssl.SSLContext:
    """Read once: it takes tens of milliseconds."""
    return ssl.create_default_context()
