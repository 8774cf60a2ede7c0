"""The API over a store of its own, asked without sockets."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from bridge.admission import MemoryAdmissions
from bridge.agents.routing import Refused
from bridge.registry import Registry
from bridge.settings.limits import Limits
from bridge.store.agents import AgentStore
from bridge.store.audit import Audit, Change
from bridge.store.calls import CallStore
from bridge.store.database import Database
from bridge.store.routes import RouteStore
from bridge.store.tokens import Scope, TokenStore
from bridge.transport.rest import no_hang_up
from bridge.web.api import Services, join
from bridge.web.api.rates import Rate
from bridge.web.api.services import Rates
from tests.support.stores import opened

ANN = Change("ann")
AGENT = "name: Front desk\ninstructions: Answer the phone.  # as written\n"
PLENTY = Rates(Rate(1e6, 10**6), Rate(1e6, 10**6))
PROBLEM = "application/problem+json"


@dataclass
class Desk:
    services: Services
    http: httpx.AsyncClient
    own: dict[Scope, dict[str, str]] = field(default_factory=dict)

    async def token(
        self, scope: Scope = "admin", *, name: str = "", days: float = 1
    ) -> dict[str, str]:
        """Headers with a new token."""
        until = datetime.now(UTC) + timedelta(days=days)
        named = name or f"another {scope} {secrets.token_hex(4)}"
        row, secret = await self.services.tokens.create(named, scope, until, ANN)
        return bearer(secret)

    async def ask(self, method: str, path: str, scope: Scope = "admin", **more: Any) -> Any:
        """Whoever asks has the same token each time, ``a admin`` or the like."""
        if scope not in self.own:
            self.own[scope] = await self.token(scope, name=f"a {scope}")
        headers = self.own[scope] | more.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **more)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def nobody() -> Registry:
    """A registry without calls."""
    admissions = MemoryAdmissions(60, asyncio.get_running_loop().time)
    return Registry(lambda *_: Refused("no agent"), admissions, no_hang_up, Limits())


def services(database: Database, folder: Path, **changes: Any) -> Services:
    made = Services(
        database=database,
        agents=AgentStore(database),
        routes=RouteStore(database),
        calls=CallStore(database, folder / "recordings"),
        tokens=TokenStore(database),
        audit=Audit(database),
        registry=nobody(),
        recordings=folder / "recordings",
        rates=PLENTY,
    )
    return replace(made, **changes)


@asynccontextmanager
async def desk(folder: Path, url: str = "", **changes: Any) -> AsyncIterator[Desk]:
    """``changes`` are of the services."""
    async with opened(url or f"sqlite+aiosqlite:///{folder / 'offhook.db'}") as database:
        given = services(database, folder, **changes)
        house = FastAPI(openapi_url=None)
        join(house, given)
        transport = httpx.ASGITransport(house)  # what is not answered is raised
        async with httpx.AsyncClient(transport=transport, base_url="http://desk/api/v1") as http:
            yield Desk(given, http)


def check(folder: Path, test: Callable[[Desk], Awaitable[None]], **changes: Any) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), desk(folder, **changes) as made:
            await test(made)

    asyncio.run(main())
