"""All checks at once, each with its own time; one that breaks does not stop the others."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bridge.doctor import agent, clock, disk, model, public_url, store, webhook
from bridge.doctor.apart import apart
from bridge.doctor.finding import Finding, failed, good, skipped, without
from bridge.local_model import START_TIMEOUT_S
from bridge.settings import LocalSettings, Settings, SettingsError

SETTINGS = "settings"
TIMEOUT_S = 20.0
SPARE_S = 5.0

NAMES = (
    SETTINGS,
    model.CREDENTIALS,
    model.CHECK,
    public_url.CHECK,
    webhook.CHECK,
    clock.CHECK,
    store.CHECK,
    disk.CHECK,
    agent.CHECK,
)


@dataclass(frozen=True)
class Check:
    """Answers one finding for each of its names."""

    names: Sequence[str]
    run: Callable[[], Awaitable[Sequence[Finding]]]
    timeout_s: float = TIMEOUT_S


async def examine(settings: Settings, unix_now: Callable[[], float] = time.time) -> list[Finding]:
    """Findings in the order of ``NAMES``, without any secret."""
    return [right(settings), *await findings(checks(settings, unix_now), settings.secrets())]


def right(settings: Settings) -> Finding:
    told = ["all of them can be read", *(f"but: {each}" for each in settings.warnings)]
    return good(SETTINGS, "\n".join(told))


def wrong(error: SettingsError) -> list[Finding]:
    """Where the settings cannot be read nothing else can be looked at."""
    mend = "correct the environment; each line says how, `deploy/env.example` lists all variables"
    first = failed(SETTINGS, "\n".join(error.problems), mend)
    return [first, *(skipped(name, "the settings are wrong") for name in NAMES[1:])]


def checks(settings: Settings, unix_now: Callable[[], float]) -> list[Check]:
    connect_s = settings.limits.model_connect_timeout_s
    start_s = START_TIMEOUT_S if isinstance(settings.model, LocalSettings) else 0.0

    async def room() -> Finding:
        limit_mb = settings.limits.spool_max_mb
        return await apart(lambda: disk.check(settings.state_dir, limit_mb))

    async def let_in() -> Sequence[Finding]:
        return await model.check(settings)

    return [
        # A token, the session and its update each have the time to connect.
        Check((model.CREDENTIALS, model.CHECK), let_in, 3 * connect_s + start_s + SPARE_S),
        _one(public_url.CHECK, lambda: public_url.check(settings.public_url)),
        _one(webhook.CHECK, lambda: webhook.check(settings)),
        _one(clock.CHECK, lambda: clock.check(settings, unix_now)),
        _one(store.CHECK, lambda: store.check(settings)),
        _one(disk.CHECK, room),
        _one(agent.CHECK, lambda: agent.check(settings)),
    ]


def _one(name: str, run: Callable[[], Awaitable[Finding]]) -> Check:
    async def alone() -> Sequence[Finding]:
        return [await run()]

    return Check((name,), alone)


async def findings(asked: Sequence[Check], secrets: Sequence[str]) -> list[Finding]:
    found = await asyncio.gather(*(_bounded(each) for each in asked))
    return [without(secrets, each) for some in found for each in some]


async def _bounded(check: Check) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(check.timeout_s):
            return await check.run()
    except TimeoutError:
        told = f"no result within {check.timeout_s:g} s"
    except Exception as error:  # the boundary: what one check meets is no business of the others
        told = f"the check itself failed: {type(error).__name__}"
    mend = "run it again with OFFHOOK_LOG_LEVEL=debug; if it stays so, this is a bug to report"
    return [failed(name, told, mend) for name in check.names]
