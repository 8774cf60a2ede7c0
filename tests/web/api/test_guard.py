"""What stands before every route: tokens, rates, bodies and failures."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from bridge.store.problems import StoreUnavailable
from bridge.web.api.bodies import MAX_BYTES
from bridge.web.api.rates import Rate
from bridge.web.api.services import Rates
from tests.web.api.desk import ANN, PROBLEM, Desk, bearer, check

JSON = {"content-type": "application/json"}
ROUTE = {"agent": "shop"}


def test_a_token_that_asks_too_fast_waits_and_others_do_not(tmp_path: Path) -> None:
    now = 0.0

    async def test(made: Desk) -> None:
        nonlocal now
        mine, other = await made.token("viewer"), await made.token("viewer")
        answers = [await made.http.get("/agents", headers=mine) for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit"] == '"token";r=2;t=1'
        last = answers[-1]
        assert last.headers["content-type"] == PROBLEM
        assert last.headers["retry-after"] == "1"
        assert last.json()["type"] == "urn:offhook:problem:too-many-requests"
        assert (await made.http.get("/agents", headers=other)).status_code == 200
        now += 1
        assert (await made.http.get("/agents", headers=mine)).status_code == 200

    rates = Rates(token=Rate(1, 3), address=Rate(1, 10))
    check(tmp_path, test, rates=rates, clock=lambda: now)


def test_guesses_are_limited_and_do_not_lock_out_a_token_that_is_in_use(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        good, fresh = await made.token("viewer"), await made.token("viewer")
        assert (await made.http.get("/agents", headers=good)).status_code == 200
        guesses = [
            (await made.http.get("/agents", headers=bearer(f"ofh_{n:043d}"))).status_code
            for n in range(5)
        ]
        assert guesses == [401, 401, 401, 429, 429]
        assert (await made.http.get("/agents", headers=good)).status_code == 200
        assert (await made.http.get("/agents", headers=fresh)).status_code == 429

    check(tmp_path, test, rates=Rates(Rate(100, 100), Rate(1, 3)), clock=lambda: 0.0)


@pytest.mark.parametrize(
    "query",
    ["token={}", "Access_Token=x", "api_key=x", "q={}", "q=%6ffh_{}", "x=1&authorization=b"],
)
def test_a_token_in_a_url_is_refused_and_in_no_log(
    tmp_path: Path, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(made: Desk) -> None:
        row, secret = await made.services.tokens.create("a", "admin", None, ANN)
        url = "/agents?" + query.format(secret if "%" not in query else secret[4:])
        for headers in ({}, bearer(secret)):
            answer = await made.http.get(url, headers=headers)
            assert answer.status_code == 400
            assert answer.json()["type"] == "urn:offhook:problem:token-in-url"
            assert secret[4:] not in answer.text
        ours = [r for r in caplog.records if r.name.startswith("bridge")]
        assert not any(secret[4:] in record.getMessage() for record in ours)

    with caplog.at_level(logging.DEBUG):
        check(tmp_path, test)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", JSON, 400),
        (b"[" * 100_000, JSON, 400),
        (b'{"a":' * 40 + b"1" + b"}" * 40, JSON, 400),
        (b'{"agent":"\\ud800"}', JSON, 400),
        (b'{"agent":"\\u0000"}', JSON, 400),
        (b'{"agent":NaN}', JSON, 400),
        (b'{"agent":1e999}', JSON, 400),
        (b'{"agent":"\xff"}', JSON, 400),
        (b"{}", {}, 415),
        (b"{}", {"content-type": "text/yaml"}, 415),  # no document of an agent here
        (b"{}", {"content-type": "application/json; charset=latin-1"}, 415),
        (b" " * (MAX_BYTES + 1), JSON, 413),
        (b"", JSON, 422),
        (b"[]", JSON, 422),
        (b"{}", JSON, 422),
    ],
)
def test_bodies_that_cannot_be_right_are_refused_with_a_reason(
    tmp_path: Path, body: bytes, headers: dict[str, str], status: int
) -> None:
    async def test(made: Desk) -> None:
        more = headers | {"if-none-match": "*"}
        answer = await made.ask("PUT", "/routes/*", content=body, headers=more)
        assert answer.status_code == status
        told = answer.json()
        assert answer.headers["content-type"] == PROBLEM
        assert told["status"] == status and told["type"].startswith("urn:offhook:problem:")
        assert told["title"] and told["detail"]

    check(tmp_path, test)


def test_a_body_that_does_not_say_its_length_is_bounded_too(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        sent = 0

        async def endless() -> Any:
            nonlocal sent
            while True:
                sent += 1000
                yield b" " * 1000

        answer = await made.ask("PUT", "/routes/*", content=endless(), headers=JSON)
        assert answer.status_code == 413
        assert sent < MAX_BYTES + 5000

    check(tmp_path, test)


def test_every_field_at_fault_is_named_with_its_mend(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        body = {"name": "", "scope": "root", "days": 0, "more": 1}
        answer = await made.ask("POST", "/tokens", json=body)
        assert answer.status_code == 422
        errors = answer.json()["errors"]
        assert {each["field"] for each in errors} == {"name", "scope", "days", "more"}
        assert all("; " in each["message"] for each in errors)

    check(tmp_path, test)


def test_a_failure_of_ours_tells_nothing_of_the_inside_but_to_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        async def list(self) -> None:
            raise RuntimeError("the password is hunter2")

    async def test(made: Desk) -> None:
        answer = await made.ask("GET", "/agents")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == PROBLEM
        assert "hunter2" not in answer.text and "Runtime" not in answer.text
        assert "hunter2" in caplog.text

    check(tmp_path, test, agents=Broken())


def test_a_store_that_is_down_is_said_to_be_so(tmp_path: Path) -> None:
    class Down:
        async def list(self) -> None:
            raise StoreUnavailable("no route to host db.internal")

    async def test(made: Desk) -> None:
        answer = await made.ask("GET", "/agents")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert "db.internal" not in answer.text

    check(tmp_path, test, agents=Down())


def test_answers_are_kept_by_nobody_on_the_way(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        for answer in (await made.ask("GET", "/agents"), await made.http.get("/agents")):
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"

    check(tmp_path, test)


def test_the_document_is_open_and_says_how_to_come_in(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        document = json.loads((await made.http.get("/openapi.json")).text)
        assert document["openapi"].startswith("3.1")
        assert document["security"] == [{"bearer": []}]
        assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
        operations = [each for path in document["paths"].values() for each in path.values()]
        for operation in operations:
            assert operation["summary"]
            assert {"401", "403", "429", "500", "503"} <= set(operation["responses"])

    check(tmp_path, test)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/agents/%0A", 401), ("/%0A", 401), ("", 401), ("/", 401), ("0/agents", 404)],
)
def test_all_below_the_prefix_is_the_apis_and_nothing_else(
    tmp_path: Path, path: str, status: int
) -> None:
    async def test(made: Desk) -> None:
        answer = await made.http.get(f"http://desk/api/v1{path}")
        assert answer.status_code == status
        assert (answer.headers["content-type"] == PROBLEM) is (status == 401)

    check(tmp_path, test)
