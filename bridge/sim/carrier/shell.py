"""A phone call over real HTTP and a real WebSocket: the sockets around ``PhoneCall``."""

import asyncio
import secrets
import socket
import ssl
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from bridge.sim.carrier.caller import Caller, EchoCaller, ScriptedCaller, StepRecord
from bridge.sim.carrier.commands import Ask, CloseSocket, Command, OpenSocket, Over, Send
from bridge.sim.carrier.number import Line
from bridge.sim.carrier.phone import PhoneCall
from bridge.sim.carrier.profile import PhoneProfile, StreamProfile
from bridge.sim.carrier.rest import RestFacade
from bridge.sim.carrier.result import CallResult, result_of
from bridge.sim.carrier.webhook import MAX_BODY_BYTES, Failure, Identity, Request, Response

USER_AGENT: Final = "Twilio.TmeWs/1.0"
CONNECT_S: Final = 5.0  # Voice, "webhook connection behaviour"; taken for sockets as well
CLOSE_S: Final = 2.0
SETTLE_S: Final = 5.0  # callbacks and closing handshakes after the call
LINGER_S: Final = 30.0  # a socket that is not closed has been seen half open for 30 to 45 s
CONGESTED: Final = 500  # messages the far end has not read: ten seconds of audio


@dataclass
class _Socket:
    outgoing: asyncio.Queue[str | CloseSocket] = field(default_factory=asyncio.Queue)
    task: asyncio.Task[None] | None = None
    open: bool = False


async def place_call(
    webhook_url: str,
    *,
    caller: Caller,
    account_sid: str,
    auth_token: str,
    from_number: str,
    to_number: str,
    line: Line | None = None,
    profile: PhoneProfile | None = None,
    stream_profile: StreamProfile | None = None,
    rest: RestFacade | None = None,
    time_limit_s: float = 600.0,
    call_sid: str | None = None,
) -> CallResult:
    """Calls the number behind ``webhook_url`` and returns when the call is over.

    ``line`` replaces the plain line that has only its webhook. Streams over ``ws`` are allowed
    where the webhook itself is plain HTTP on a loopback address.
    """
    line = line or Line(webhook_url)
    profile = profile or PhoneProfile()
    profile = replace(
        profile,
        allow_ws=profile.allow_ws or _is_loopback(webhook_url),
        time_limit_s=min(time_limit_s, profile.time_limit_s),
    )
    call_sid = call_sid or f"CA{secrets.token_hex(16)}"
    phone = PhoneCall(
        Identity(account_sid, call_sid, from_number, to_number),
        line,
        auth_token=auth_token,
        caller=caller,
        profile=profile,
        stream_profile=stream_profile,
        epoch_s=time.time() - time.monotonic(),
    )
    timeout = httpx.Timeout(profile.total_timeout_s, connect=CONNECT_S)
    async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
        live = _LivePhone(phone, client)
        if rest:
            rest.calls.add(call_sid, live.update, lambda: phone.status)
        await live.run()
    return result_of(phone, steps_of(caller), live.socket_open_ms)


def steps_of(caller: Caller) -> tuple[StepRecord, ...]:
    """What a scripted caller did, through whatever telephone."""
    match caller:
        case ScriptedCaller():
            return tuple(caller.records)
        case EchoCaller():
            return steps_of(caller.inner)
        case _:
            return ()


class _LivePhone:
    """Carries out the commands of one call, each socket with one reader and one writer."""

    def __init__(self, phone: PhoneCall, client: httpx.AsyncClient) -> None:
        self.socket_open_ms: float | None = None  # of the first stream
        self._phone = phone
        self._client = client
        self._sockets: dict[str, _Socket] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._wake = asyncio.Event()
        self._armed_for: float | None = None
        self._settle_s = SETTLE_S

    async def run(self) -> None:
        async with asyncio.TaskGroup() as self._group:
            self._do(self._phone.begin(time.monotonic()))
            await self._keep_time()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self._settle_s)
            for task in self._tasks:
                task.cancel()

    def update(self, form: Mapping[str, str]) -> None:
        """What REST asks. Raises ``NotInProgress``."""
        self._react(
            self._phone.update(
                time.monotonic(),
                status=form.get("Status"),
                twiml=form.get("Twiml") if "Url" not in form else None,
                url=form.get("Url"),
                method=form.get("Method", "POST"),
            )
        )

    async def _keep_time(self) -> None:
        loop = asyncio.get_running_loop()
        while (due := self._phone.deadline()) is not None or not self._phone.over:
            self._armed_for = due
            self._wake.clear()
            timer = None
            if due is not None:
                timer = loop.call_later(max(0.0, due - time.monotonic()), self._wake.set)
            await self._wake.wait()
            if timer:
                timer.cancel()
            self._do(self._phone.tick(time.monotonic()))

    def _react(self, commands: list[Command]) -> None:
        """After an event: the next deadline may be another one."""
        self._do(commands)
        due = self._phone.deadline()
        if self._armed_for is None or due is None or due < self._armed_for:
            self._wake.set()

    def _do(self, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case Ask(request):
                    self._start(self._ask(request))
                case OpenSocket(stream_sid):
                    made = _Socket()
                    self._sockets[stream_sid] = made
                    made.task = self._start(self._converse(command, made))
                case Send(stream_sid, text):
                    self._send(self._sockets[stream_sid], text)
                case CloseSocket(stream_sid):
                    self._close(self._sockets[stream_sid], command)
                case Over():
                    pass  # the phone knows

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        assert self._group
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _send(self, to: _Socket, text: str) -> None:
        if to.outgoing.qsize() >= CONGESTED and text.startswith('{"event":"media"'):
            self._phone.congested(time.monotonic())
            return
        to.outgoing.put_nowait(text)

    def _close(self, which: _Socket, command: CloseSocket) -> None:
        if not which.open and which.task:
            which.task.cancel()  # the handshake is no longer wanted
        if not command.politely:
            self._settle_s = LINGER_S + SETTLE_S
        which.outgoing.put_nowait(command)

    # --- HTTP

    async def _ask(self, request: Request) -> None:
        answer = await self._answer(request)
        self._react(self._phone.answered(request.id, answer, time.monotonic()))

    async def _answer(self, request: Request) -> Response | Failure:
        try:
            async with self._client.stream(
                request.method, request.url, content=request.body, headers=dict(request.headers)
            ) as answer:
                body = bytearray()
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MAX_BODY_BYTES:
                        break
                headers = answer.headers
                return Response(
                    status=answer.status_code,
                    content_type=headers.get("content-type", ""),
                    body=bytes(body),
                    location=headers.get("location", ""),
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            return Failure("connect", str(error))
        except httpx.InvalidURL as error:
            return Failure("connect", str(error))
        except httpx.TimeoutException as error:
            return Failure("timeout", str(error))
        except httpx.HTTPError as error:
            return Failure("broken", str(error))

    # --- WebSocket

    async def _converse(self, command: OpenSocket, ours: _Socket) -> None:
        stream_sid, asked_at = command.stream_sid, time.monotonic()
        peer = await self._connect(command)
        if peer is None:
            return
        ours.open = True
        now = time.monotonic()
        if self.socket_open_ms is None:
            self.socket_open_ms = (now - asked_at) * 1000
        writer = self._start(_write(peer, ours.outgoing))
        try:
            self._react(self._phone.socket_opened(stream_sid, now))
            while True:
                frame = await peer.recv()
                self._react(self._phone.socket_message(stream_sid, frame, time.monotonic()))
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else None
            self._react(self._phone.socket_closed(stream_sid, code, time.monotonic()))
        finally:
            writer.cancel()
            peer.transport.abort()

    async def _connect(self, command: OpenSocket) -> ClientConnection | None:
        """As captured: no Origin, no subprotocol, no extension. None where it failed."""
        try:
            return await connect(
                command.url,
                additional_headers=dict(command.headers),
                user_agent_header=USER_AGENT,
                compression=None,
                proxy=None,
                open_timeout=CONNECT_S,
                close_timeout=CLOSE_S,
                ping_interval=None,  # whether Twilio pings is undocumented
                max_size=None,
            )
        except (InvalidHandshake, InvalidURI, OSError, EOFError) as error:
            code, text = _why(error), f"{type(error).__name__}: {error}"
            now = time.monotonic()
            self._react(self._phone.socket_refused(command.stream_sid, code, text, now))
            return None


async def _write(peer: ClientConnection, outgoing: asyncio.Queue[str | CloseSocket]) -> None:
    with suppress(ConnectionClosed):  # the reader tells
        while True:
            match await outgoing.get():
                case str(text):
                    await peer.send(text)
                case CloseSocket(politely=True):
                    await peer.close()
                    return
                case CloseSocket():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LINGER_S):
                            await peer.wait_closed()
                    peer.transport.abort()
                    return


def _why(error: Exception) -> int:
    """The code of the error log for a handshake that failed (Error Dictionary, 319xx)."""
    match error:
        case TimeoutError():
            return 31901
        case ConnectionRefusedError():
            return 31902
        case ssl.SSLError():
            return 31910
        case InvalidHandshake():
            return 31920
        case InvalidURI():
            return 31923
        case socket.gaierror() | OSError():
            return 31904
        case _:
            return 31903


def _is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
