"""The server, put together: settings in, a listening socket out."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import cast

import uvicorn

from bridge import endpoint
from bridge.admission import MemoryAdmissions
from bridge.agents.default import default_agent
from bridge.agents.document import load_file
from bridge.collector import watched
from bridge.directory import Ready
from bridge.functions import Allowed, load_functions
from bridge.keeping import Keeping, keeping
from bridge.reception import Reception
from bridge.registry import Registry
from bridge.settings import Settings, TwilioSettings
from bridge.store.agents import AgentStore
from bridge.store.audit import Audit
from bridge.store.calls import CallStore
from bridge.store.routes import RouteStore
from bridge.store.tokens import TokenStore
from bridge.transport.media_socket import media_protocol
from bridge.transport.model_socket import prepare
from bridge.transport.rest import HangUp, RestHangUp, no_hang_up
from bridge.trials.apart import tests_pass
from bridge.web.api.rates import Rate
from bridge.web.api.services import Rates, Services
from bridge.web.app import create_app
from bridge.web.voice import Gate, MediaDoor
from bridge.wire.signature import Signatures

BACKLOG = 2048
LAST_REQUESTS_S = 5  # calls have ended by then; who still sends a request is not waited for
HURRIED_END_S = 1.0  # for what abandoned calls still have to say
TWILIO_API_URL = TwilioSettings(None, ()).api_url

logger = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Uvicorn, but a signal only asks for the end: running calls are drained first."""

    def __init__(self, config: uvicorn.Config, registry: Registry, origin: str) -> None:
        super().__init__(config)
        self.registry = registry
        self.origin = origin
        self._asked = asyncio.Event()
        self._hurried = asyncio.Event()
        self._signals = 0
        self._ready: Callable[[Server], None] = lambda server: None
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Asked once: drain. Asked twice: do not wait."""
        self._signals += 1
        asked = self._asked if self._signals == 1 else self._hurried
        self._loop.call_soon_threadsafe(asked.set)

    def stop(self) -> None:
        self._asked.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready(self)

    async def run_until_stopped(
        self, listening: socket.socket, ready: Callable[["Server"], None]
    ) -> None:
        """Serve until ``stop`` or a signal, then until the calls have ended.

        A second signal ends them at once."""
        self._ready = ready
        with watched():
            await self._run(listening)

    async def _run(self, listening: socket.socket) -> None:
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(self.serve(sockets=[listening]))
            await self._asked.wait()
            drain = group.create_task(self._drain())
            hurry = group.create_task(self._hurry(drain, serving))
            await asyncio.wait([serving])
            hurry.cancel()

    async def _drain(self) -> None:
        await self.registry.drain()
        self.should_exit = True

    async def _hurry(self, drain: asyncio.Task[None], serving: asyncio.Task[None]) -> None:
        await self._hurried.wait()
        drain.cancel()
        self.registry.abandon()
        self.force_exit = self.should_exit = True
        await asyncio.wait([serving], timeout=HURRIED_END_S)
        serving.cancel()  # uvicorn waits for its last connection even so


def _hang_up(twilio: TwilioSettings, timeout_s: float) -> HangUp:
    """REST takes an API key, or the auth token. The development token is none of Twilio's."""
    if twilio.development and not twilio.api_key and twilio.api_url == TWILIO_API_URL:
        return no_hang_up
    secret = twilio.api_secret if twilio.api_key else twilio.auth_tokens[0]
    return RestHangUp(twilio.api_key, secret or "", twilio.api_url, timeout_s)


def _services(kept: Keeping, registry: Registry, settings: Settings) -> Services:
    database = kept.database
    requests_per_minute = settings.limits.api_requests_per_minute
    return Services(
        database,
        AgentStore(database, Allowed(settings.store.functions)),
        RouteStore(database),
        CallStore(database, kept.recordings),
        TokenStore(database),
        Audit(database),
        registry,
        kept.recordings,
        check=tests_pass,
        rates=Rates(token=Rate(per_s=requests_per_minute / 60, burst=requests_per_minute)),
    )


@asynccontextmanager
async def server(settings: Settings, listening: socket.socket) -> AsyncIterator[Server]:
    """Everything ready to serve on a bound socket. Raises AgentError, FunctionsError,
    LocalModelFailed."""
    agent = load_file(settings.agent_path) if settings.agent_path else default_agent()
    limits = settings.limits
    offered = load_functions(agent.functions, default_timeout_s=limits.function_timeout_s)
    async with AsyncExitStack() as stack:
        endpoints = await stack.enter_async_context(endpoint.opened(settings.model))
        prepare(endpoints.of(agent.model).url)
        for warning in agent.warnings(endpoints.dialect.name):
            logger.warning("%s", warning)
        hang_up = _hang_up(settings.twilio, limits.send_timeout_s)
        if isinstance(hang_up, RestHangUp):
            stack.push_async_callback(hang_up.close)
        fallback = Ready(agent, offered)
        kept = await stack.enter_async_context(keeping(settings, fallback, endpoints.dialect.name))
        reception = Reception(
            kept.directory,
            endpoints,
            limits,
            kept.recorder,
            lambda: datetime.now(UTC),
            lookup_private=settings.store.lookup_private,
        )
        registry = Registry(
            reception.receive,
            MemoryAdmissions(limits.stream_token_ttl_s, asyncio.get_running_loop().time),
            hang_up,
            limits,
            account_sid=settings.twilio.account_sid,
            on_begin=kept.began,
            on_end=kept.ended,
        )
        stack.push_async_callback(registry.end_all)
        port: int = listening.getsockname()[1]
        account_sid = settings.twilio.account_sid
        gate = Gate(settings.origin(port), Signatures(settings.twilio.auth_tokens), account_sid)
        media = media_protocol(MediaDoor(gate, registry), limits.send_timeout_s)
        services = _services(kept, registry, settings)
        config = uvicorn.Config(
            create_app(gate, registry, services, kept.writer),
            http="httptools",
            # A callable is all that is asked of it; the annotation wants a class.
            ws=cast("type[asyncio.Protocol]", media),
            lifespan="off",
            timeout_graceful_shutdown=LAST_REQUESTS_S,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        yield Server(config, registry, gate.origin)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0: any that is free. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host.strip("[]"), port), family=family, backlog=BACKLOG)
    listening.setblocking(False)
    return listening
