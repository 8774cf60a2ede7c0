"""What a request may carry: bounded in size, in time and in depth, before anything looks at it."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from starlette.types import Message, Receive

from bridge.web.api.problem import MALFORMED, MEDIA, TOO_LARGE, TOO_SLOW, Problem

MAX_BYTES: Final = 256 * 1024  # instructions are at most 100,000 characters
MAX_DEPTH: Final = 32
READ_WITHIN_S: Final = 10.0

JSON_TYPES: Final = ("application/json",)
YAML_TYPES: Final = ("application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml")


async def read(receive: Receive, headers: Mapping[str, str]) -> bytes:
    """The whole body. Raises Problem: 413, or 408 for one that does not come."""
    announced = headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:12]) > MAX_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Problem(MALFORMED, "the body ended early")
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > MAX_BYTES:
                    raise _too_large()
    except TimeoutError:
        told = f"the body did not come within {READ_WITHIN_S:.0f} s; send it at once"
        raise Problem(TOO_SLOW, told, headers={"Connection": "close"}) from None
    return bytes(body)


def _too_large() -> Problem:
    told = f"a body has at most {MAX_BYTES} bytes; send less"
    return Problem(TOO_LARGE, told, headers={"Connection": "close"})


def replayed(body: bytes, receive: Receive) -> Receive:
    """``receive`` for those further in: the body that was read, then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def check(body: bytes, content_type: str, taken: Iterable[str]) -> None:
    """Raises Problem where the body is of no type that is taken, or cannot be read as what it
    says it is. An empty one is for the route to judge."""
    if not body:
        return
    taken = tuple(taken)
    if not taken:
        raise Problem(MEDIA, "this takes no body; send none")
    media, _, rest = content_type.partition(";")
    media, rest = media.strip().lower(), rest.replace('"', "").replace(" ", "").lower()
    if media not in taken or (rest and rest not in ("charset=utf-8", "charset=utf8")):
        told = f"the body's type is {content_type or 'not given'}; send {' or '.join(taken)}, UTF-8"
        raise Problem(MEDIA, told[:300], headers={"Accept": ", ".join(taken)})
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Problem(MALFORMED, f"not UTF-8 at byte {error.start}; send UTF-8") from None
    if media in JSON_TYPES:
        _check_json(body)
    elif "\0" in text:
        raise Problem(MALFORMED, "the text holds a NUL character; leave it out")


def _check_json(body: bytes) -> None:
    """Stricter than Python's own reader: no NaN, no lone surrogates, no NUL, no great depth."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(MALFORMED, f"not JSON: {error}; send a JSON object") from None
    except RecursionError:
        raise _too_deep() from None
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _inside(each)]
    if level:
        raise _too_deep()


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, str):
        if "\0" in value:
            raise Problem(MALFORMED, "a text holds a NUL character; leave it out")
        return ()
    if isinstance(value, dict):
        return (*value, *value.values())
    return value if isinstance(value, list) else ()


def _too_deep() -> Problem:
    return Problem(MALFORMED, f"nested deeper than {MAX_DEPTH} levels; send a flatter document")
