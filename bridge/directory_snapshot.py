"""All that the store has to say about who answers, at one revision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bridge.agents.route_json import RouteError, from_json, to_json
from bridge.agents.routing import Route

Key = tuple[str, int]  # an agent's name and the number of its version


class SnapshotUnreadable(ValueError):
    """Not a snapshot that this program wrote."""


@dataclass(frozen=True)
class Text:
    """One version of an agent, as it was written."""

    agent: str
    version: int
    text: str

    @property
    def key(self) -> Key:
        return self.agent, self.version


@dataclass(frozen=True)
class Snapshot:
    """``published`` has the version of each agent that new calls get; ``texts`` has those, and
    the ones that are on trial."""

    revision: int = 0
    published: Mapping[str, int] = field(default_factory=dict)
    texts: tuple[Text, ...] = ()
    routes: tuple[Route, ...] = ()
    blocked: tuple[str, ...] = ()


class _Stored(msgspec.Struct):
    revision: int
    published: dict[str, int]
    texts: tuple[Text, ...]
    routes: tuple[dict[str, Any], ...]
    blocked: tuple[str, ...]


def encoded(snapshot: Snapshot) -> bytes:
    return msgspec.json.encode(
        _Stored(
            snapshot.revision,
            dict(snapshot.published),
            snapshot.texts,
            tuple(to_json(route) for route in snapshot.routes),
            snapshot.blocked,
        )
    )


def decoded(content: bytes) -> Snapshot:
    """Raises ``SnapshotUnreadable``."""
    try:
        stored = msgspec.json.decode(content, type=_Stored)
        routes = tuple(from_json(route) for route in stored.routes)
    except (msgspec.DecodeError, UnicodeDecodeError, RouteError) as error:
        raise SnapshotUnreadable(f"it cannot be read ({error})") from None
    return Snapshot(stored.revision, stored.published, stored.texts, routes, stored.blocked)
