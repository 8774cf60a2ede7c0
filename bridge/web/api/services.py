"""What the API needs of the rest."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bridge.registry import Registry
from bridge.store.agents import AgentStore, Check
from bridge.store.audit import Audit
from bridge.store.calls import CallStore
from bridge.store.database import Database
from bridge.store.routes import RouteStore
from bridge.store.tokens import TokenStore
from bridge.web.api.rates import Rate


@dataclass(frozen=True)
class Rates:
    token: Rate = Rate(per_s=20, burst=100)  # requests of one token
    address: Rate = Rate(per_s=1, burst=20)  # attempts without a good token, from one address


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    database: Database
    agents: AgentStore
    routes: RouteStore
    calls: CallStore
    tokens: TokenStore
    audit: Audit
    registry: Registry
    recordings: Path  # the folder; a call's record names the file
    check: Check | None = None  # what a draft passes before it is published, where that is asked
    rates: Rates = Rates()
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now
