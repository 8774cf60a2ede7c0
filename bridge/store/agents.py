"""Agents: a draft that is worked on, and numbered versions that never change."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.agents.document import Agent
from bridge.agents.problems import Problem
from bridge.functions import BUILT_IN_ALONE, Allowed
from bridge.store.audit import Change, changed
from bridge.store.database import Database
from bridge.store.judged import check_storable, title_of, validated
from bridge.store.problems import Conflict, Invalid, NotFound
from bridge.store.tables import agent_versions, agents, former_agents, routes

NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
NAME_FORM: Final = "small letters, digits and -, a letter first, such as front-desk"
EDITED: Final = "somebody else changed it meanwhile; look at what is there now and save again"


@dataclass(frozen=True)
class AgentRow:
    """``published`` is the version that new calls get; ``draft_revision`` None: no draft."""

    name: str
    title: str
    published: int | None
    versions: int
    draft_revision: int | None
    tests_required: bool
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True)
class Draft:
    """``text`` and ``tests`` are as they were written; ``revision`` counts what was saved."""

    agent: str
    text: str
    tests: str
    revision: int
    author: str
    saved_at: datetime


@dataclass(frozen=True)
class Version:
    agent: str
    number: int
    text: str
    tests: str
    author: str
    note: str
    created_at: datetime


@dataclass(frozen=True)
class Former:
    """Where a deleted agent of the same name has stopped counting."""

    last_number: int
    last_revision: int


# What a draft has to pass beside validation. Raises Invalid.
Check = Callable[[Draft, Agent], Awaitable[None]]


class AgentStore:
    """Each change is one transaction and has its line in the audit. Raises NotFound, Conflict,
    Invalid, and StoreUnavailable."""

    def __init__(self, database: Database, allowed: Allowed = BUILT_IN_ALONE) -> None:
        """``allowed``: the functions that a version may name."""
        self._database = database
        self.allowed = allowed

    async def list(self) -> Sequence[AgentRow]:
        async with self._database.read() as connection:
            rows = (await connection.execute(_rows().order_by(agents.c.name))).all()
        return [_agent_row(row) for row in rows]

    async def get(self, name: str) -> AgentRow:
        async with self._database.read() as connection:
            row = (await connection.execute(_rows().where(agents.c.name == name))).first()
        if row is None:
            raise _no_agent(name)
        return _agent_row(row)

    async def create(self, name: str, text: str, change: Change, tests: str = "") -> Draft:
        """A new agent with a first draft, which need not be valid yet. After a deleted one of the
        same name it goes on counting."""
        if not NAME.fullmatch(name):
            raise Invalid("name", [Problem(1, 1, "name", f"{name!r} does not fit; {NAME_FORM}")])
        check_storable(text, tests)
        title = await asyncio.to_thread(title_of, text, name)
        now = datetime.now(UTC)
        try:
            async with self._database.begin() as connection:
                revision = (await _former(connection, name)).last_revision + 1
                row = {"name": name, "title": title, "tests_required": False}
                saved = _saved(text, tests, revision, change, now)
                await connection.execute(insert(agents).values(**row, **saved))
                await changed(
                    connection, change, "agent.created", _subject(name), after={"text": text}
                )
        except IntegrityError:
            told = f"there is an agent {name} already; choose another name, or edit that one"
            raise Conflict("name", told) from None
        return Draft(name, text, tests, revision, change.who, now)

    async def draft(self, name: str) -> Draft:
        async with self._database.read() as connection:
            return _draft(await _agent(connection, name))

    async def save_draft(
        self,
        name: str,
        text: str,
        *,
        revision: int | None,
        change: Change,
        tests: str | None = None,
    ) -> Draft:
        """``revision`` is that of the draft this one replaces; None: there must be none.
        ``tests`` None: they stay as they are."""
        check_storable(text, tests or "")
        title = await asyncio.to_thread(title_of, text, name)
        now = datetime.now(UTC)
        async with self._database.begin() as connection:
            row = await _locked(connection, name)
            _check_revision(row, revision)
            if tests is None:
                tests = await _tests(connection, row)
            saved = _saved(text, tests, row.last_revision + 1, change, now)
            titled = {} if row.published else {"title": title}
            await connection.execute(
                update(agents).where(agents.c.name == name).values(**saved, **titled)
            )
            await changed(
                connection,
                change,
                "agent.draft_saved",
                _subject(name),
                before=None if row.draft is None else {"text": row.draft, "tests": row.draft_tests},
                after={"text": text, "tests": tests},
            )
        return Draft(name, text, tests, row.last_revision + 1, change.who, now)

    async def discard_draft(self, name: str, *, revision: int, change: Change) -> None:
        async with self._database.begin() as connection:
            row = await _locked(connection, name)
            _draft(row)
            _check_revision(row, revision)
            await connection.execute(
                update(agents).where(agents.c.name == name).values(**NO_DRAFT, **_by(change))
            )
            await changed(
                connection,
                change,
                "agent.draft_discarded",
                _subject(name),
                before={"text": row.draft, "tests": row.draft_tests},
            )

    async def versions(self, name: str) -> Sequence[Version]:
        """The newest first."""
        async with self._database.read() as connection:
            await _agent(connection, name)
            asked = select(agent_versions).where(agent_versions.c.agent == name)
            rows = (await connection.execute(asked.order_by(agent_versions.c.number.desc()))).all()
        return [Version(**row._mapping) for row in rows]

    async def version(self, name: str, number: int) -> Version:
        async with self._database.read() as connection:
            await _agent(connection, name)
            return await _version(connection, name, number)

    async def publish(
        self, name: str, *, revision: int, change: Change, check: Check | None = None
    ) -> Version:
        """The draft becomes the next version, to the byte, and new calls get it. What it has to
        pass is done before anything is written, and what was written meanwhile is a Conflict."""
        draft = await self.draft(name)
        if draft.revision != revision:
            raise Conflict("revision", EDITED, draft.revision)
        agent = await asyncio.to_thread(validated, draft.text, name, self.allowed)
        if check is not None:
            await check(draft, agent)
        now = datetime.now(UTC)
        async with self._database.begin() as connection:
            row = await _locked(connection, name)
            _check_revision(row, revision)
            number = await _last_number(connection, name) + 1
            version = Version(name, number, draft.text, draft.tests, change.who, change.note, now)
            await connection.execute(insert(agent_versions).values(**vars(version)))
            await connection.execute(
                update(agents)
                .where(agents.c.name == name)
                .values(published=number, title=agent.name, **NO_DRAFT, **_by(change))
            )
            await _published(connection, change, "agent.published", row, number)
        return version

    async def rollback(self, name: str, number: int, change: Change) -> Version:
        """New calls get that version again; its text is what it was. It has to be one that this
        program can still use, or no call would get it."""
        version = await self.version(name, number)  # which does not change
        agent = await asyncio.to_thread(validated, version.text, name, self.allowed)
        async with self._database.begin() as connection:
            row = await _locked(connection, name)
            await connection.execute(
                update(agents)
                .where(agents.c.name == name)
                .values(published=number, title=agent.name, **_by(change))
            )
            await _published(connection, change, "agent.rolled_back", row, number)
        return version

    async def require_tests(self, name: str, on: bool, change: Change) -> None:
        """Whether a publish has to pass the tests of the draft."""
        async with self._database.begin() as connection:
            row = await _locked(connection, name)
            await connection.execute(
                update(agents).where(agents.c.name == name).values(tests_required=on, **_by(change))
            )
            await changed(
                connection,
                change,
                "agent.tests_required",
                _subject(name),
                before={"tests_required": row.tests_required},
                after={"tests_required": on},
            )

    async def delete(self, name: str, change: Change) -> None:
        """With all its versions. Not while a route leads to it; calls keep their records."""
        async with self._database.begin() as connection:
            row = await _locked(connection, name)
            asked = select(routes.c.called, routes.c.agent, routes.c.rule)
            for called, agent, rule in (await connection.execute(asked)).all():
                if agent == name or f'"agent": "{name}"' in rule:
                    told = f"the route of {called} leads to it; change that route first"
                    raise Conflict("name", told)
            last = Former(await _last_number(connection, name), row.last_revision)
            await connection.execute(delete(former_agents).where(former_agents.c.name == name))
            await connection.execute(insert(former_agents).values(name=name, **vars(last)))
            await connection.execute(delete(agents).where(agents.c.name == name))
            await changed(
                connection,
                change,
                "agent.deleted",
                _subject(name),
                before={"published": row.published, "draft": row.draft},
            )


NO_DRAFT: Final[dict[str, Any]] = {
    "draft": None,
    "draft_tests": None,
    "draft_revision": None,
    "draft_author": None,
    "draft_saved_at": None,
}


def _subject(name: str) -> str:
    return f"agent/{name}"


def _by(change: Change) -> dict[str, Any]:
    return {"updated_at": datetime.now(UTC), "updated_by": change.who}


def _saved(text: str, tests: str, revision: int, change: Change, now: datetime) -> dict[str, Any]:
    return {
        "draft": text,
        "draft_tests": tests,
        "draft_revision": revision,
        "draft_author": change.who,
        "draft_saved_at": now,
        "last_revision": revision,
        "updated_at": now,
        "updated_by": change.who,
    }


def _rows() -> Any:
    numbers = (
        select(func.count())
        .select_from(agent_versions)
        .where(agent_versions.c.agent == agents.c.name)
        .scalar_subquery()
    )
    columns = (agents.c.name, agents.c.title, agents.c.published, agents.c.draft_revision)
    more = (agents.c.tests_required, agents.c.updated_at, agents.c.updated_by)
    return select(*columns, *more, numbers.label("versions"))


def _agent_row(row: Row[Any]) -> AgentRow:
    return AgentRow(**row._mapping)


def _no_agent(name: str) -> NotFound:
    return NotFound("name", f"there is no agent {name}; list them to see which there are")


async def _agent(connection: AsyncConnection, name: str) -> Row[Any]:
    row = (await connection.execute(select(agents).where(agents.c.name == name))).first()
    if row is None:
        raise _no_agent(name)
    return row


async def _locked(connection: AsyncConnection, name: str) -> Row[Any]:
    """The agent, which nobody else changes until the transaction is over."""
    asked = select(agents).where(agents.c.name == name).with_for_update()
    row = (await connection.execute(asked)).first()
    if row is None:
        raise _no_agent(name)
    return row


def _draft(row: Row[Any]) -> Draft:
    if row.draft_revision is None:
        raise NotFound("draft", f"agent {row.name} has no draft; save one first")
    return Draft(
        row.name,
        row.draft,
        row.draft_tests,
        row.draft_revision,
        row.draft_author,
        row.draft_saved_at,
    )


def _check_revision(row: Row[Any], revision: int | None) -> None:
    if row.draft_revision != revision:
        raise Conflict("revision", EDITED, row.draft_revision)


async def _tests(connection: AsyncConnection, row: Row[Any]) -> str:
    if row.draft_revision is not None:
        return str(row.draft_tests)
    if row.published is not None:
        return (await _version(connection, row.name, row.published)).tests
    return ""


async def _version(connection: AsyncConnection, name: str, number: int) -> Version:
    asked = select(agent_versions).where(
        agent_versions.c.agent == name, agent_versions.c.number == number
    )
    row = (await connection.execute(asked)).first()
    if row is None:
        raise NotFound("version", f"agent {name} has no version {number}; its versions are listed")
    return Version(**row._mapping)


async def _last_number(connection: AsyncConnection, name: str) -> int:
    asked = select(func.max(agent_versions.c.number)).where(agent_versions.c.agent == name)
    number = (await connection.execute(asked)).scalar()
    return (await _former(connection, name)).last_number if number is None else int(number)


async def _former(connection: AsyncConnection, name: str) -> Former:
    asked = select(former_agents).where(former_agents.c.name == name)
    row = (await connection.execute(asked)).first()
    return Former(0, 0) if row is None else Former(row.last_number, row.last_revision)


async def _published(
    connection: AsyncConnection, change: Change, action: str, row: Row[Any], number: int
) -> None:
    before = None if row.published is None else {"published": row.published}
    after = {"published": number}
    await changed(connection, change, action, _subject(row.name), before=before, after=after)
