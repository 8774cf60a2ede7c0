"""Tokens of the API: kept as hashes, with a scope and an end."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.agents.problems import Problem
from bridge.store.audit import Change, alone, changed
from bridge.store.database import Database
from bridge.store.problems import Conflict, Invalid, NotFound, refuse_control
from bridge.store.tables import tokens

Scope = Literal["viewer", "editor", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("viewer", "editor", "admin")
PREFIX: Final = "ofh_"
SECRET_BYTES: Final = 32
USED_GRAIN: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class TokenRow:
    """``expires_at`` None: it does not. The secret itself is nowhere kept."""

    id: str
    name: str
    scope: Scope
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def good_at(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_COLUMNS: Final = tuple(tokens.c[name] for name in TokenRow.__dataclass_fields__)


class TokenStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, name: str, scope: Scope, expires_at: datetime | None, change: Change
    ) -> tuple[TokenRow, str]:
        """The secret is shown this once. Changes are made under the name, so of the tokens that are
        good no two have the same."""
        if scope not in SCOPES:
            told = f"{scope!r} is not known; write {' or '.join(SCOPES)}"
            raise Invalid("scope", [Problem(1, 1, "scope", told)])
        if not name.strip() or len(name) > 100:
            told = "is empty or longer than 100 characters; say what the token is for"
            raise Invalid("name", [Problem(1, 1, "name", told)])
        refuse_control("name", name)
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        row = TokenRow(
            secrets.token_hex(4),
            name.strip(),
            scope,
            datetime.now(UTC),
            change.who,
            expires_at,
            None,
            None,
        )
        async with self._database.begin() as connection:
            await alone(connection)
            await _free(connection, row.name, row.created_at)
            await connection.execute(insert(tokens).values(**vars(row), hash=_hash(secret)))
            after = {"name": row.name, "scope": scope, "expires_at": _text(expires_at)}
            await changed(connection, change, "token.created", f"token/{row.id}", after=after)
        return row, secret

    async def find(self, secret: str) -> TokenRow | None:
        """None: unknown, expired or revoked. Looked up by its hash, so how long that takes says
        nothing of the secret."""
        if not secret.startswith(PREFIX):
            return None
        now = datetime.now(UTC)
        async with self._database.read() as connection:
            asked = select(*_COLUMNS).where(tokens.c.hash == _hash(secret))
            found = (await connection.execute(asked)).first()
        row = None if found is None else _row(found)
        if row is None or not row.good_at(now):
            return None
        if row.last_used_at is None or now - row.last_used_at > USED_GRAIN:
            async with self._database.begin() as connection:
                await connection.execute(
                    update(tokens).where(tokens.c.id == row.id).values(last_used_at=now)
                )
        return row

    async def list(self) -> Sequence[TokenRow]:
        """The newest first."""
        async with self._database.read() as connection:
            asked = select(*_COLUMNS).order_by(tokens.c.created_at.desc(), tokens.c.id)
            return [_row(row) for row in (await connection.execute(asked)).all()]

    async def revoke(self, token_id: str, change: Change) -> TokenRow:
        """From the next request on. To revoke it twice changes nothing."""
        now = datetime.now(UTC)
        async with self._database.begin() as connection:
            asked = select(*_COLUMNS).where(tokens.c.id == token_id).with_for_update()
            found = (await connection.execute(asked)).first()
            if found is None:
                raise NotFound(
                    "id", f"there is no token {token_id}; list them to see those there are"
                )
            row = _row(found)
            if row.revoked_at is not None:
                return row
            await connection.execute(
                update(tokens).where(tokens.c.id == token_id).values(revoked_at=now)
            )
            before, after = {"revoked_at": None}, {"revoked_at": _text(now)}
            subject = f"token/{token_id}"
            await changed(connection, change, "token.revoked", subject, before=before, after=after)
        return TokenRow(**{**vars(row), "revoked_at": now})


async def _free(connection: AsyncConnection, name: str, now: datetime) -> None:
    asked = select(*_COLUMNS).where(tokens.c.name == name, tokens.c.revoked_at.is_(None))
    rows = map(_row, (await connection.execute(asked)).all())
    taken = next((row for row in rows if row.good_at(now)), None)
    if taken is not None:
        told = f"token {taken.id} has the name {name}; choose another, or revoke that one first"
        raise Conflict("name", told)


def _row(found: Row[tuple[object, ...]]) -> TokenRow:
    return TokenRow(**found._mapping)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
