"""The published agents and the routes to them, in memory: who answers a call is never looked up
while the caller waits.

A snapshot is taken over as a whole or not at all. Where the store is down the last one holds, and
after a restart the one that was kept on disk.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from bridge.agents.document import Agent, load
from bridge.agents.incoming import Incoming
from bridge.agents.problems import AgentError
from bridge.agents.routing import Refused, Route, choose
from bridge.directory_snapshot import Key, Snapshot, SnapshotUnreadable, Text, decoded, encoded
from bridge.functions import BUILT_IN_ALONE, Allowed, Function, FunctionsError, load_functions

POLL_S: Final = 0.25

logger = logging.getLogger(__name__)


class SourceUnavailable(Exception):
    """The store does not answer now."""


# The snapshot of the store, or None where its revision is still the one named.
Source = Callable[[int | None], Awaitable[Snapshot | None]]


@dataclass(frozen=True)
class Ready:
    """An agent as it is used: its document, with its functions loaded."""

    document: Agent
    offered: dict[str, Function]


@dataclass(frozen=True)
class Answering:
    """What answers one call, from its beginning to its end. ``version`` 0 and no ``route``: the
    agent of the settings, because the store has no route at all."""

    agent_name: str
    version: int
    document: Agent
    offered: dict[str, Function]
    route: str
    variant: Literal["published", "trial"]


@dataclass(frozen=True)
class _State:
    """All that answers are made of; replaced as one."""

    snapshot: Snapshot
    routes: Mapping[str, Route]
    blocked: frozenset[str]
    ready: Mapping[Key, Ready]


class Directory:
    def __init__(
        self,
        fallback: Ready,
        source: Source,
        kept: Path,
        *,
        function_timeout_s: float,
        poll_s: float = POLL_S,
        allowed: Allowed = BUILT_IN_ALONE,
    ) -> None:
        """``kept`` is the file of the last snapshot, which need not be there. ``allowed``: the
        functions that an agent of the store may name; one that names others is not used."""
        self._fallback = fallback
        self._source = source
        self._kept = kept
        self._function_timeout_s = function_timeout_s
        self._poll_s = poll_s
        self._allowed = allowed
        self._state = _State(Snapshot(), {}, frozenset(), {})
        self._revision: int | None = None  # None: nothing came from the store yet
        self._refused: set[Key] = set()
        self.reachable = True

    @property
    def revision(self) -> int | None:
        """Of the store's snapshot that is in use; None: the one from disk, or none."""
        return self._revision

    def answer(
        self, incoming: Incoming, now_utc: datetime, running: Mapping[str, int]
    ) -> Answering | Refused:
        """``running`` counts the calls of each route, by its called number."""
        state = self._state
        chosen = choose(state.routes, state.blocked, incoming, now_utc, running)
        if isinstance(chosen, Refused):
            if chosen.reason == "no agent" and not state.routes:
                return self._by_fallback()
            return chosen
        name = chosen.agent
        version = chosen.version or state.snapshot.published.get(name, 0)
        ready = state.ready.get((name, version))
        if ready is None and chosen.variant == "trial":
            version = state.snapshot.published.get(name, 0)
            ready = state.ready.get((name, version))
            chosen = replace(chosen, variant="published")
        if ready is None:
            return Refused("no agent")
        return Answering(name, version, ready.document, ready.offered, chosen.route, chosen.variant)

    def _by_fallback(self) -> Answering:
        document = self._fallback.document
        return Answering(document.name, 0, document, self._fallback.offered, "", "published")

    async def start(self) -> None:
        """First the snapshot on disk, so that what is newer is measured by it; then the store."""
        try:
            snapshot = decoded(await asyncio.to_thread(self._kept.read_bytes))
        except FileNotFoundError:
            pass
        except (OSError, SnapshotUnreadable) as error:
            logger.warning("the directory kept on disk is not used: %s", error)
        else:
            await self._take_over(snapshot)
        await self.refresh()

    async def run(self) -> None:
        """Keep up with the store until cancelled."""
        while True:
            await asyncio.sleep(self._poll_s)
            await self.refresh()

    async def refresh(self) -> None:
        """One look at the store."""
        try:
            snapshot = await self._source(self._revision)
        except SourceUnavailable as error:
            if self.reachable:
                logger.warning("the store is away, agents stay as they are: %s", error)
            self.reachable = False
            return
        if not self.reachable:
            logger.info("the store is back")
        self.reachable = True
        if snapshot is None:
            return
        await self._take_over(snapshot)
        self._revision = snapshot.revision
        try:
            await asyncio.to_thread(_write, self._kept, encoded(self._state.snapshot))
        except OSError as error:
            logger.warning("the directory cannot be kept on disk: %s", error)

    async def _take_over(self, snapshot: Snapshot) -> None:
        """Imports and parsing are done beside the loop: calls run on it."""
        last = self._state
        ready: dict[Key, Ready] = {}
        for text in snapshot.texts:
            found = last.ready.get(text.key) or await asyncio.to_thread(self._made_ready, text)
            if found is not None:
                ready[text.key] = found
        published, kept = dict(snapshot.published), list(snapshot.texts)
        for name, version in snapshot.published.items():
            before = (name, last.snapshot.published.get(name, 0))
            if (name, version) not in ready and before in last.ready:
                published[name], ready[before] = before[1], last.ready[before]
                kept += [each for each in last.snapshot.texts if each.key == before]
        usable = {each.key: each for each in kept if each.key in ready}
        snapshot = replace(snapshot, published=published, texts=tuple(usable.values()))
        routes = {route.called: route for route in snapshot.routes}
        self._state = _State(snapshot, routes, frozenset(snapshot.blocked), ready)

    def _made_ready(self, text: Text) -> Ready | None:
        try:
            document = load(text.text, source=f"{text.agent} version {text.version}")
            offered = load_functions(
                document.functions,
                default_timeout_s=self._function_timeout_s,
                allowed=self._allowed,
            )
        except (AgentError, FunctionsError) as error:
            if text.key not in self._refused:
                logger.error(
                    "agent %s version %d cannot be used, the one before it stays: %s",
                    text.agent,
                    text.version,
                    error,
                )
            self._refused.add(text.key)
            return None
        self._refused.discard(text.key)
        return Ready(document, offered)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, for its owner alone: instructions may be confidential."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(f".{os.getpid()}.part")  # another process may be writing its own
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(path)
