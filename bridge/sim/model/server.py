"""Realtime sessions behind real sockets."""

import asyncio
import itertools
import json
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs, urlsplit

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from bridge.sim.model.admission import Admitted, Knock, Rejected, TurnedAway, admit
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.records import Records
from bridge.sim.model.reply import Mind
from bridge.sim.model.session import Ask, Close, Out, RealtimeSession, Send
from bridge.sim.voice.jobs import Detect
from bridge.sim.voice.port import Voice, VoiceSession

MAX_FRAME_BYTES = 32 * 1024 * 1024  # 15 MiB of audio in base64, and room
OUTGOING_FRAMES = 20_000  # a client that reads so little is cut off
DETECT_JOBS = 256  # a client that sends faster than speech is detected has to wait
REALTIME = Subprotocol("realtime")
RECORDS_PATH = "/records"
REMEMBERED_SESSIONS = 16


@dataclass
class Serving:
    """A server that runs. ``sessions`` are the latest, for those who look in afterwards."""

    host: str
    port: int
    sessions: deque[RealtimeSession] = field(default_factory=deque)

    @property
    def http_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{self.host}:{self.port}"


@asynccontextmanager
async def serve(
    host: str,
    port: int,
    *,
    voice: Voice,
    mind_factory: Callable[[], Mind],
    profile: ModelProfile | None = None,
    seed: int = 0,
    remember: int = REMEMBERED_SESSIONS,
    records: Records | None = None,
) -> AsyncIterator[Serving]:
    """Serve until the context ends. Port 0: any that is free; it is told in the result.

    Session number n (from 0) is seeded with ``seed + n``. With ``records`` every session is noted
    there, and ``GET /records`` (see ``records_answer``) tells them.
    """
    rules = profile or ModelProfile()
    serving = Serving(host, port, deque(maxlen=remember))
    seeds = itertools.count(seed)

    async def on_connection(connection: ServerConnection) -> None:
        request = connection.request
        admission = admit(_knock(request), rules) if request is not None else None
        match admission:
            case Admitted():
                now = time.monotonic()
                record = records.open(admission.model, now) if records is not None else None
                session = RealtimeSession(
                    dialect=admission.dialect,
                    model=admission.model,
                    mind=mind_factory(),
                    profile=rules,
                    wall_s=time.time() - now,
                    seed=next(seeds),
                    record=record,
                )
                serving.sessions.append(session)
                try:
                    await Line(connection, session, voice.open()).run()
                finally:
                    if records is not None and record is not None:
                        records.close(record, time.monotonic())
            case TurnedAway():
                await _turn_away(connection, admission)

    async def on_request(connection: ServerConnection, request: Request) -> Response | None:
        if records is not None and request.path.partition("?")[0] == RECORDS_PATH:
            status, body = await records_answer(records, request.path)
            return _json(connection, status, body)
        admission = admit(_knock(request), rules)
        return _rejection(connection, admission) if isinstance(admission, Rejected) else None

    async with serve_websockets(
        on_connection,
        host,
        port,
        process_request=on_request,
        select_subprotocol=_subprotocol,
        process_response=_trace_headers,
        compression="deflate" if rules.compression else None,
        ping_interval=rules.ping_interval_s,
        ping_timeout=rules.ping_interval_s,
        max_size=MAX_FRAME_BYTES,
        server_header=None,
    ) as server:
        serving.port = next(iter(server.sockets)).getsockname()[1]
        yield serving


class Line:
    """One session on one socket: one reader, one writer, a timer, and the voice's work."""

    def __init__(
        self, connection: ServerConnection, session: RealtimeSession, voice: VoiceSession
    ) -> None:
        self._connection = connection
        self._session = session
        self._voice = voice
        self._outgoing: asyncio.Queue[Send | Close] = asyncio.Queue(OUTGOING_FRAMES)
        self._detect: asyncio.Queue[Ask] = asyncio.Queue(DETECT_JOBS)
        self._working: dict[int, asyncio.Task[None]] = {}
        self._due: float | None = None
        self._due_moved = asyncio.Event()
        self._now = time.monotonic
        self._group = asyncio.TaskGroup()

    async def run(self) -> None:
        """Until the socket ends, from whichever side."""
        try:
            async with self._group:
                self._group.create_task(self._write())
                self._group.create_task(self._watch_time())
                self._group.create_task(self._detect_speech())
                self._group.create_task(self._read())
        except* _SocketEnded:
            pass
        finally:
            await self._voice.close()

    async def _read(self) -> None:
        self._pass_on(self._session.open(self._now()))
        try:
            async for frame in self._connection:
                for ask in self._pass_on(self._session.receive(frame, self._now())):
                    await self._detect.put(ask)
        except ConnectionClosed:
            pass
        raise _SocketEnded

    async def _write(self) -> None:
        try:
            while True:
                match await self._outgoing.get():
                    case Send(text):
                        await self._connection.send(text)
                    case Close(1006, _):
                        self._connection.transport.abort()
                        return
                    case Close(code, reason):
                        await self._connection.close(code, reason)
                        return
        except ConnectionClosed:
            return  # the reader sees it too, and ends the line

    async def _watch_time(self) -> None:
        while True:
            self._due_moved.clear()
            try:
                async with asyncio.timeout(self._wait_s()):
                    await self._due_moved.wait()
            except TimeoutError:
                self._pass_on(self._session.tick(self._now()))

    def _wait_s(self) -> float | None:
        return None if self._due is None else max(self._due - self._now(), 0.0)

    async def _detect_speech(self) -> None:
        """One after the other: windows are told in the order of the audio."""
        while True:
            await self._work(await self._detect.get())

    async def _work(self, ask: Ask) -> None:
        async for result in self._voice.ask(ask.job):
            self._pass_on(self._session.answer(ask.job_id, result, self._now()))

    def _pass_on(self, out: list[Out]) -> list[Ask]:
        """Send and start what the core asked for; detection is left to the caller."""
        detection = list(self._dispatch(out))
        # Speech of a response that was cut off is not made to its end.
        for job_id, task in self._working.items():
            if not self._session.wants(job_id):
                task.cancel()
        due = self._session.deadline()
        if due != self._due:
            self._due = due
            self._due_moved.set()
        return detection

    def _dispatch(self, out: list[Out]) -> Iterator[Ask]:
        for message in out:
            match message:
                case Ask(_, Detect()):
                    yield message
                case Ask(job_id, _):
                    task = self._group.create_task(self._work(message))
                    self._working[job_id] = task
                    task.add_done_callback(partial(self._done_working, job_id))
                case _:
                    self._enqueue(message)

    def _done_working(self, job_id: int, _: asyncio.Task[None]) -> None:
        del self._working[job_id]

    def _enqueue(self, message: Send | Close) -> None:
        if self._outgoing.full():  # the client has stopped reading
            self._connection.transport.abort()
        else:
            self._outgoing.put_nowait(message)


class _SocketEnded(Exception):
    """Ends the task group of a line."""


def _knock(request: Request) -> Knock:
    headers = {name.lower(): value for name, value in request.headers.raw_items()}
    offered = headers.get("sec-websocket-protocol", "").split(",")
    return Knock(request.path, headers, tuple(name.strip() for name in offered))


def _trace_headers(connection: ServerConnection, request: Request, response: Response) -> None:
    """Azure names each request, so that its support can find it again."""
    if request.path.startswith("/openai/"):
        response.headers["apim-request-id"] = str(uuid.uuid4())
        response.headers["x-ms-region"] = "Simulated"


def _subprotocol(
    connection: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    return REALTIME if REALTIME in offered else None


def _rejection(connection: ServerConnection, rejected: Rejected) -> Response:
    body = {"error": {"code": rejected.code, "message": rejected.message}}
    response = _json(connection, rejected.status, json.dumps(body).encode())
    if rejected.status == 429:
        response.headers["Retry-After"] = "1"
    return response


def _json(connection: ServerConnection, status: int, body: bytes) -> Response:
    response = connection.respond(status, "")
    for name in ("Content-Type", "Content-Length"):
        del response.headers[name]
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Length"] = str(len(body))
    response.body = body
    return response


async def records_answer(records: Records, target: str) -> tuple[int, bytes]:
    """Status and JSON: all records, or with ``?after=N`` closed sessions with a higher number."""
    after = parse_qs(urlsplit(target).query).get("after", [""])[0]
    if after and not after.isdecimal():
        return 400, b'{"error":{"code":"400","message":"after: a session number"}}'
    told = await records.told(int(after) if after else None, time.monotonic())
    return 200, msgspec.json.encode(told)


async def _turn_away(connection: ServerConnection, away: TurnedAway) -> None:
    """An error and the close, at once and in that order."""
    refusal = away.refusal
    error = {
        "type": refusal.type,
        "code": refusal.code,
        "message": refusal.message,
        "param": refusal.param,
        "event_id": None,
    }
    try:
        await connection.send(
            json.dumps({"type": "error", "event_id": "event_refused", "error": error})
        )
        await connection.close(away.close_code, away.reason)
    except ConnectionClosed:
        return
