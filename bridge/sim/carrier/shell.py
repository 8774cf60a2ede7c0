"""A phone call over real HTTP and a real WebSocket: the sockets around ``PhoneCall``."""

import asyncio
import secrets
import time
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import httpx

from bridge.sim.carrier.caller import Caller, EchoCaller, ScriptedCaller, StepRecord
from bridge.sim.carrier.commands import Ask, CloseSocket, Command, OpenSocket, Over, Send
from bridge.sim.carrier.delivery import Link
from bridge.sim.carrier.media_socket import Closed, Event, Frame, MediaSocket, Opened, Refused
from bridge.sim.carrier.number import Line
from bridge.sim.carrier.phone import PhoneCall
from bridge.sim.carrier.profile import PhoneProfile, StreamProfile
from bridge.sim.carrier.rest import RestFacade
from bridge.sim.carrier.result import CallResult, result_of
from bridge.sim.carrier.urls import is_url
from bridge.sim.carrier.webhook import MAX_BODY_BYTES, Failure, Identity, Request, Response

CONNECT_S: Final = 5.0  # Voice, "webhook connection behaviour"
TIMER_S: Final = 0.001
SETTLE_S: Final = 5.0  # callbacks and closing handshakes after the call


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
    to_bridge: Link | None = None,
    from_bridge: Link | None = None,
    rest: RestFacade | None = None,
    http: httpx.AsyncClient | None = None,
    time_limit_s: float = 600.0,
    call_sid: str | None = None,
) -> CallResult:
    """Calls the number behind ``webhook_url`` and returns when the call is over.

    ``line`` replaces the plain line that has only its webhook; the links are the network between
    the carrier and the bridge's media socket; ``http`` is shared by many calls where it is given.
    Streams over ``ws`` are allowed where the webhook is plain HTTP on a loopback address.
    Raises ``ValueError`` where ``webhook_url`` is no URL of HTTP.
    """
    if not is_url(webhook_url, "http", "https"):
        raise ValueError(f"not a URL that can be called: {webhook_url!r}")
    profile = profile or PhoneProfile()
    profile = replace(
        profile,
        allow_ws=profile.allow_ws or _is_loopback(webhook_url),
        time_limit_s=min(time_limit_s, profile.time_limit_s),
    )
    call_sid = call_sid or f"CA{secrets.token_hex(16)}"
    phone = PhoneCall(
        Identity(account_sid, call_sid, from_number, to_number),
        line or Line(webhook_url),
        auth_token=auth_token,
        caller=caller,
        profile=profile,
        stream_profile=stream_profile,
        epoch_s=time.time() - time.monotonic(),
    )
    async with AsyncExitStack() as stack:
        if http is None:
            http = await stack.enter_async_context(http_client())
        live = _LivePhone(phone, http, to_bridge, from_bridge)
        if rest:
            rest.calls.add(call_sid, live.update, lambda: phone.status)
        await live.run()
    return result_of(phone, steps_of(caller), live.socket_open_ms)


def http_client() -> httpx.AsyncClient:
    """With the time limits of a webhook, past every proxy of this machine."""
    timeout = httpx.Timeout(PhoneProfile.total_timeout_s, connect=CONNECT_S)
    return httpx.AsyncClient(timeout=timeout, trust_env=False)


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
    """Carries out the commands of one call and tells it what became of them."""

    def __init__(
        self,
        phone: PhoneCall,
        http: httpx.AsyncClient,
        to_bridge: Link | None,
        from_bridge: Link | None,
    ) -> None:
        self.socket_open_ms: float | None = None  # of the first stream
        self._phone = phone
        self._http = http
        self._links = (to_bridge, from_bridge)
        self._sockets: dict[str, tuple[MediaSocket, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._ended: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
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
        """Until the call is over and nothing is due any more. The timer calls, no task wakes."""
        self._ended = asyncio.get_running_loop().create_future()
        self._arm()
        try:
            await self._ended
        finally:
            self._disarm()

    def _arm(self) -> None:
        assert self._ended
        due = self._phone.deadline()
        if due is None and self._phone.over:
            if not self._ended.done():
                self._ended.set_result(None)
        elif self._timer is None or due is None or due != self._armed_for:
            self._disarm()
            self._armed_for = due
            if due is not None:
                # Timers of uvloop count whole milliseconds, and one that is early is for nothing.
                wait_s = max(0.0, due - time.monotonic() + TIMER_S)
                self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _tick(self) -> None:
        assert self._ended
        self._timer = None
        try:
            self._do(self._phone.tick(time.monotonic()))
            self._arm()
        except Exception as bug:  # out of a timer it would end nothing
            if not self._ended.done():
                self._ended.set_exception(bug)

    def _react(self, commands: list[Command]) -> None:
        """After an event, which may have moved the next deadline."""
        self._do(commands)
        if self._ended and not self._ended.done():
            self._arm()

    def _do(self, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case Ask(request):
                    self._start(self._ask(request))
                case OpenSocket():
                    self._open(command)
                case Send(stream_sid, text):
                    self._send(self._sockets[stream_sid][0], text)
                case CloseSocket(stream_sid):
                    self._close(*self._sockets[stream_sid], command)
                case Over():
                    pass  # the phone knows

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        assert self._group
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- WebSocket

    def _open(self, command: OpenSocket) -> None:
        stream_sid = command.stream_sid
        to_bridge, from_bridge = self._links
        made = MediaSocket(
            command,
            lambda event: self._heard_of(stream_sid, event),
            to_bridge=to_bridge,
            from_bridge=from_bridge,
        )
        self._sockets[stream_sid] = (made, self._start(made.run()))

    def _heard_of(self, stream_sid: str, event: Event) -> None:
        now = time.monotonic()
        match event:
            case Frame(data):
                self._react(self._phone.socket_message(stream_sid, data, now))
            case Opened(ms):
                self.socket_open_ms = ms if self.socket_open_ms is None else self.socket_open_ms
                self._react(self._phone.socket_opened(stream_sid, now))
            case Refused(code, text):
                self._react(self._phone.socket_refused(stream_sid, code, text, now))
            case Closed(code):
                self._react(self._phone.socket_closed(stream_sid, code, now))

    def _send(self, to: MediaSocket, text: str) -> None:
        if to.congested and text.startswith('{"event":"media"'):
            self._phone.congested(time.monotonic())
        else:
            to.send(text)

    def _close(self, which: MediaSocket, task: asyncio.Task[None], command: CloseSocket) -> None:
        if not which.is_open:
            task.cancel()  # the handshake is no longer wanted
        self._settle_s = SETTLE_S + command.linger_s
        which.send(command)

    # --- HTTP

    async def _ask(self, request: Request) -> None:
        answer = await self._answer(request)
        self._react(self._phone.answered(request.id, answer, time.monotonic()))

    async def _answer(self, request: Request) -> Response | Failure:
        try:
            async with self._http.stream(
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
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Failure("connect", str(error))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            return Failure("connect", str(error))
        except httpx.TimeoutException as error:
            return Failure("timeout", str(error))
        except httpx.HTTPError as error:
            return Failure("broken", str(error))


def _is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
