"""Who may do what, cell by cell: each route with each kind of token."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from bridge.web.api import api
from bridge.web.api.roles import ROLES, SCOPES, Scope, holds
from tests.support.stores import opened
from tests.web.api.desk import ANN, PROBLEM, Desk, bearer, desk, services

PLACES = {"{name}": "shop", "{number}": "1", "{called}": "*", "{caller}": "withheld"}
PLACES |= {"{call_sid}": "CA" + "0" * 32, "{token_id}": "1f3a5b7c"}
STRANGERS = ("no token", "bad", "malformed", "expired", "revoked", "in the query")
REFUSED = {"in the query": 400}  # else 401


def test_every_route_has_its_row_and_no_row_is_left_over(tmp_path: Path) -> None:
    async def main() -> FastAPI:
        async with opened(f"sqlite+aiosqlite:///{tmp_path / 'offhook.db'}") as database:
            return api(services(database, tmp_path))

    routes = [route for route in asyncio.run(main()).routes if isinstance(route, APIRoute)]
    found = {(method, route.path) for route in routes for method in route.methods or ()}
    assert found == {*ROLES, ("GET", "/openapi.json")}


def test_scopes_hold_those_before_them() -> None:
    cells = [[holds(scope, needed) for needed in SCOPES] for scope in SCOPES]
    assert cells == [[True, False, False], [True, True, False], [True, True, True]]
    assert not any(holds("root", needed) for needed in SCOPES)


@pytest.mark.parametrize("needs", SCOPES)
def test_what_changes_or_reveals_more_needs_more(needs: Scope) -> None:
    """Reading needs viewer; what takes something away for good, and tokens, need admin."""
    for (method, path), scope in ROLES.items():
        if scope == needs:
            if needs == "viewer":
                assert method == "GET" or path == "/validate"
            if needs == "editor":
                assert method != "GET"
            if method == "GET" and needs == "admin":
                assert path in ("/audit", "/tokens")


async def strangers(made: Desk) -> dict[str, dict[str, str]]:
    tokens = made.services.tokens
    now = datetime.now(UTC)
    _, expired = await tokens.create("old", "admin", now - timedelta(seconds=1), ANN)
    row, revoked = await tokens.create("gone", "admin", now + timedelta(days=1), ANN)
    await tokens.revoke(row.id, ANN)
    return {
        "no token": {},
        "bad": bearer("ofh_" + "a" * 43),
        "malformed": {"Authorization": "Basic YTpi"},
        "expired": bearer(expired),
        "revoked": bearer(revoked),
    }


def test_the_matrix_cell_by_cell(tmp_path: Path) -> None:
    async def main() -> dict[tuple[str, str, str], int]:
        cells = {}
        async with asyncio.timeout(60), desk(tmp_path) as made:
            who = await strangers(made)
            for scope in SCOPES:
                who[scope] = await made.token(scope)
            secret = who["admin"]["Authorization"].partition(" ")[2]
            for method, route in ROLES:
                path = route
                for place, value in PLACES.items():
                    path = path.replace(place, value)
                for name, headers in who.items():
                    answer = await made.http.request(method, path, headers=headers)
                    cells[method, route, name] = answer.status_code
                    if answer.status_code in (400, 401, 403):
                        assert answer.headers["content-type"] == PROBLEM
                        assert answer.headers["www-authenticate"].startswith("Bearer ")
                for query in ("token", "x", "access_token"):
                    answer = await made.http.request(method, path, params={query: secret})
                    cells[method, route, "in the query"] = answer.status_code
                    assert secret not in answer.text
        return cells

    for (method, route, name), status in asyncio.run(main()).items():
        told = f"{method} {route} {name}: {status}"
        if name in STRANGERS:
            assert status == REFUSED.get(name, 401), told
        else:
            allowed = holds(name, ROLES[method, route])
            assert (status == 403) == (not allowed), told
            assert status < 500 and status != 401, told


def test_a_revoked_token_is_refused_from_the_next_request_on(tmp_path: Path) -> None:
    async def main() -> list[int]:
        async with asyncio.timeout(20), desk(tmp_path) as made:
            row, secret = await made.services.tokens.create("a", "viewer", None, ANN)
            before = await made.http.get("/agents", headers=bearer(secret))
            told = await made.ask("DELETE", f"/tokens/{row.id}")
            after = await made.http.get("/agents", headers=bearer(secret))
            return [before.status_code, told.status_code, after.status_code]

    assert asyncio.run(main()) == [200, 200, 401]


def test_head_is_answered_as_get_is_and_to_the_same(tmp_path: Path) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), desk(tmp_path) as made:
            got = await made.ask("GET", "/agents", "viewer")
            head = await made.ask("HEAD", "/agents", "viewer")
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(len(got.content))
            assert (await made.http.head("/agents")).status_code == 401
            assert (await made.ask("HEAD", "/tokens", "editor")).status_code == 403
            assert (await made.ask("HEAD", "/validate")).status_code == 405
            other = await made.ask("PUT", "/agents")
            assert (other.status_code, other.headers["allow"]) == (405, "GET, HEAD, POST")

    asyncio.run(main())


def test_what_does_not_exist_is_told_only_to_those_with_a_token(tmp_path: Path) -> None:
    async def main() -> list[int]:
        async with asyncio.timeout(20), desk(tmp_path) as made:
            return [
                (await made.http.get("/nothing")).status_code,
                (await made.http.put("/agents")).status_code,
                (await made.ask("GET", "/nothing", "viewer")).status_code,
                (await made.ask("PUT", "/agents", "viewer")).status_code,
            ]

    assert asyncio.run(main()) == [401, 401, 404, 405]
