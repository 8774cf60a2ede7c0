"""Twilio's REST API for live calls and for numbers, on the loopback (Voice, "Call resource").

Update and fetch of one call, and the numbers of the account; nothing else. Errors are those of the
documents, and any of them can be asked for: that is what the bridge has to survive.
"""

import asyncio
import base64
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from bridge.sim.carrier.incoming_numbers import IncomingNumbers, InvalidUpdate
from bridge.sim.carrier.phone import NotInProgress
from bridge.sim.carrier.urls import is_url

MESSAGES: Final[Mapping[int, tuple[int, str]]] = {  # code: HTTP status, text
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    21220: (400, "Call is not in-progress. Cannot redirect."),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    20503: (503, "Service Unavailable"),
    20001: (400, "Invalid parameter"),
    21205: (400, "Url is not a valid URL"),
    20004: (405, "Method not allowed"),
}
MAX_REQUEST_BYTES: Final = 1 << 20
MAX_TWIML_CHARACTERS: Final = 4000

Update = Callable[[Mapping[str, str]], None]  # raises NotInProgress
Status = Callable[[], str]


@dataclass(frozen=True)
class RestRequest:
    """One request as it came, for tests to look at."""

    method: str
    path: str
    form: Mapping[str, str]
    authorization: str


@dataclass(frozen=True)
class RestAnswer:
    status: int
    body: Mapping[str, object] = field(default_factory=dict)


@dataclass
class RestCalls:
    """The core: requests in, answers out. Calls are added by whoever places them."""

    account_sid: str
    credentials: Mapping[str, str]  # user (account or API key) to password
    fail_next: deque[int] = field(default_factory=deque)  # codes, one a request
    requests: list[RestRequest] = field(default_factory=list)
    _calls: dict[str, tuple[Update, Status]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers = IncomingNumbers(self.account_sid)

    def add(self, call_sid: str, update: Update, status: Status) -> None:
        self._calls[call_sid] = (update, status)

    def answer(self, request: RestRequest) -> RestAnswer:
        self.requests.append(request)
        if self.fail_next:
            return _error(self.fail_next.popleft())
        if not self._authorized(request.authorization):
            return _error(20003)
        path = urlsplit(request.path)
        match path.path.strip("/").split("/"):
            case ["2010-04-01", "Accounts", self.account_sid, "Calls", resource]:
                call_sid = resource.removesuffix(".json")
            case ["2010-04-01", "Accounts", self.account_sid, "IncomingPhoneNumbers.json"]:
                if request.method != "GET":  # POST would buy a number
                    return _error(20004)
                return RestAnswer(200, self.numbers.page(path.query))
            case ["2010-04-01", "Accounts", self.account_sid, "IncomingPhoneNumbers", resource]:
                return self._number(request, resource.removesuffix(".json"))
            case _:
                return _error(20404)
        if call_sid not in self._calls:
            return _error(20404)
        if request.method == "GET":
            return self._resource(call_sid)
        if request.method != "POST":
            return _error(20004)
        return self._update(call_sid, request.form)

    def _number(self, request: RestRequest, sid: str) -> RestAnswer:
        if sid not in self.numbers:
            return _error(20404)
        if request.method == "GET":
            return RestAnswer(200, self.numbers.fetch(sid))
        if request.method != "POST":
            return _error(20004)
        try:
            return RestAnswer(200, self.numbers.update(sid, request.form))
        except InvalidUpdate as error:
            return _error(error.code)

    def _update(self, call_sid: str, form: Mapping[str, str]) -> RestAnswer:
        asked = [name for name in ("Status", "Twiml", "Url") if name in form]
        too_long = len(form.get("Twiml", "")) > MAX_TWIML_CHARACTERS
        if not asked or too_long or form.get("Status", "completed") != "completed":
            return _error(20001)
        if "Url" in form and not is_url(form["Url"], "http", "https"):
            return _error(21205)
        update, _ = self._calls[call_sid]
        try:
            update(form)
        except NotInProgress:
            return _error(21220)
        return self._resource(call_sid)

    def _resource(self, call_sid: str) -> RestAnswer:
        _, status = self._calls[call_sid]
        uri = f"/2010-04-01/Accounts/{self.account_sid}/Calls/{call_sid}.json"
        found = {"sid": call_sid, "account_sid": self.account_sid, "status": status(), "uri": uri}
        return RestAnswer(200, found)

    def _authorized(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            return False
        return self.credentials.get(user) == password


def _error(code: int) -> RestAnswer:
    status, message = MESSAGES[code]
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": more, "status": status}
    return RestAnswer(status, body)


class RestFacade:
    """``async with RestFacade(...) as rest``: serves ``rest.calls`` at ``rest.url``."""

    def __init__(
        self, account_sid: str, auth_token: str, api_keys: Mapping[str, str] | None = None
    ) -> None:
        self.calls = RestCalls(account_sid, {account_sid: auth_token, **(api_keys or {})})
        self.latency_s = 0.0  # before each answer
        self.clock_ahead_s = 0.0  # of this machine's, in the answers' Date
        self.url = ""
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            if request := await _read(reader):
                answer = self.calls.answer(request)
                await asyncio.sleep(self.latency_s)
                writer.write(_written(answer, time.time() + self.clock_ahead_s))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone: nobody to answer
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> RestRequest | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    if length > MAX_REQUEST_BYTES:
        return None
    body = await reader.readexactly(length)
    fields = parse_qs(body.decode(), keep_blank_values=True)
    form = {name: values[-1] for name, values in fields.items()}
    return RestRequest(method, unquote(path), form, headers.get("authorization", ""))


def _written(answer: RestAnswer, unix_now: float) -> bytes:
    body = json.dumps(answer.body).encode()
    head = (
        f"HTTP/1.1 {answer.status} .\r\nContent-Type: application/json\r\n"
        f"Date: {formatdate(unix_now, usegmt=True)}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
