"""Realtime sessions behind real sockets."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.http11 import Request

from bridge.sim.model.admission import Admitted, Rejected, TurnedAway, admit
from bridge.sim.model.line import Line
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.records import Records
from bridge.sim.model.reply import Mind
from bridge.sim.model.session import RealtimeSession
from bridge.sim.model.socket import CLOSE_TIMEOUT_S, ServerSocket
from bridge.sim.model.upgrade import (
    RECORDS_PATH,
    core,
    json_response,
    knock,
    records_answer,
    rejection,
    traced,
    turned_away,
)
from bridge.sim.voice.port import Voice

REMEMBERED_SESSIONS = 16
SWITCHING_PROTOCOLS = 101
GOING_AWAY = 1001


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
    serving = Serving(host, port, deque(maxlen=remember))
    house = _House(serving, voice, mind_factory, profile or ModelProfile(), seed, records)
    server = await asyncio.get_running_loop().create_server(house.socket, host, port)
    try:
        serving.port = server.sockets[0].getsockname()[1]
        yield serving
    finally:
        server.close()
        await house.close()


class _House:
    """Lets clients in and keeps what is under way."""

    def __init__(
        self,
        serving: Serving,
        voice: Voice,
        mind_factory: Callable[[], Mind],
        profile: ModelProfile,
        seed: int,
        records: Records | None,
    ) -> None:
        self._serving = serving
        self._voice = voice
        self._mind_factory = mind_factory
        self._profile = profile
        self._seeds = itertools.count(seed)
        self._records = records
        self._sockets: set[ServerSocket] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def socket(self) -> ServerSocket:
        self._sockets = {socket for socket in self._sockets if not socket.gone.is_set()}
        socket = ServerSocket(
            core(self._profile.compression), self._on_request, self._profile.ping_interval_s
        )
        self._sockets.add(socket)
        return socket

    async def close(self) -> None:
        """Say goodbye to every client, and wait until all is over."""
        for socket in self._sockets:
            socket.close(GOING_AWAY, "")
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                for socket in self._sockets:
                    await socket.gone.wait()
        for socket in self._sockets:
            socket.abort()
            await socket.gone.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- requests -----------------------------------------------------------------------------

    def _on_request(self, socket: ServerSocket, request: Request) -> None:
        if self._records is not None and request.path.partition("?")[0] == RECORDS_PATH:
            self._spawn(self._tell_records(socket, self._records, request.path))
            return
        match admit(knock(request), self._profile):
            case Rejected() as rejected:
                socket.respond(rejection(socket.protocol, rejected))
            case TurnedAway() as away:
                self._turn_away(socket, request, away)
            case Admitted() as admitted:
                self._admit(socket, request, admitted)

    def _turn_away(self, socket: ServerSocket, request: Request, away: TurnedAway) -> None:
        """An error and the close, at once and in that order."""
        response = traced(request, socket.protocol.accept(request))
        if response.status_code != SWITCHING_PROTOCOLS:
            socket.respond(response)
            return
        socket.respond(response, _Deaf())
        socket.send(turned_away(away.refusal))
        socket.close(away.close_code, away.reason)

    def _admit(self, socket: ServerSocket, request: Request, admitted: Admitted) -> None:
        response = traced(request, socket.protocol.accept(request))
        if response.status_code != SWITCHING_PROTOCOLS:
            socket.respond(response)
            return
        now, records = time.monotonic(), self._records
        record = records.open(admitted.model, now) if records is not None else None
        session = RealtimeSession(
            dialect=admitted.dialect,
            model=admitted.model,
            mind=self._mind_factory(),
            profile=self._profile,
            wall_s=time.time() - now,
            seed=next(self._seeds),
            record=record,
        )
        self._serving.sessions.append(session)

        def on_lost() -> None:
            if records is not None and record is not None:
                records.close(record, time.monotonic())

        line = Line(socket, session, self._voice.open(), self._spawn, on_lost)
        socket.respond(response, line)
        line.open()

    async def _tell_records(self, socket: ServerSocket, records: Records, target: str) -> None:
        status, body = await records_answer(records, target)
        socket.respond(json_response(socket.protocol, status, body))


class _Deaf:
    """Listens to a client that was turned away."""

    def receive(self, message: str | bytes) -> None:
        pass

    def lost(self) -> None:
        pass
