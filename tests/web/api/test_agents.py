"""Agents over the API: drafts, versions, routes; and who changed what."""

import sys
from pathlib import Path
from typing import Any

import pytest

from bridge.agents.canonical import write
from bridge.agents.document import load
from bridge.store.problems import Invalid
from bridge.trials.apart import Busy
from tests.web.api.desk import AGENT, Desk, check

YAML = {"content-type": "text/yaml"}
ODD = "# a comment\r\nname:   'Front desk'\r\ninstructions: |\r\n  Grüße ❤\r\n"


def seen(revision: int) -> dict[str, str]:
    return {"if-match": f'"{revision}"'}


async def published(made: Desk, text: str = AGENT) -> None:
    await made.ask("POST", "/agents?name=shop", content=text, headers=YAML)
    await made.ask("POST", "/agents/shop/publish", json={"revision": 1})


def test_a_document_comes_back_byte_for_byte_as_draft_and_as_version(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        made_now = await made.ask("POST", "/agents?name=shop", content=ODD.encode(), headers=YAML)
        assert made_now.status_code == 201
        assert made_now.headers["location"] == "/api/v1/agents/shop/draft"
        assert made_now.headers["etag"] == '"1"'
        accept = {"accept": "application/yaml"}
        draft = await made.ask("GET", "/agents/shop/draft", headers=accept)
        assert draft.content == ODD.encode()
        assert draft.headers["content-type"].startswith("application/yaml")
        await made.ask("POST", "/agents/shop/publish", json={"revision": 1, "note": "first"})
        version = await made.ask("GET", "/agents/shop/versions/1", headers=accept)
        assert version.content == ODD.encode()
        told = (await made.ask("GET", "/agents/shop/versions/1")).json()
        assert (told["text"], told["note"], told["author"]) == (ODD, "first", "token:a admin")
        assert told["document"] == {"name": "Front desk", "instructions": "Grüße ❤\n"}

    check(tmp_path, test)


def test_json_becomes_canonical_yaml(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        document = {"instructions": "Be brief.", "name": "Shop", "speed": 1.25}
        body = {"name": "shop", "document": document}
        told = (await made.ask("POST", "/agents", json=body)).json()
        assert told["text"] == write(load(told["text"]))
        assert told["document"] == document

    check(tmp_path, test)


def test_json_with_problems_is_refused_each_named(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        body = {"name": "shop", "document": {"name": "Shop", "speed": 9, "voize": "x"}}
        answer = await made.ask("POST", "/agents", json=body)
        assert answer.status_code == 422
        fields = {each["field"] for each in answer.json()["errors"]}
        assert fields == {"instructions", "speed", "voize"}

    check(tmp_path, test)


def test_two_editors_cannot_overwrite_each_other(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await made.ask("POST", "/agents?name=shop", content=AGENT, headers=YAML)
        path, text = "/agents/shop/draft", AGENT + "voice: marin\n"
        first = await made.ask("PUT", path, content=text, headers=YAML | seen(1))
        assert (first.status_code, first.headers["etag"]) == (200, '"2"')
        late = await made.ask("PUT", path, content=AGENT, headers=YAML | seen(1))
        assert late.status_code == 409
        assert late.json()["current_revision"] == 2
        blind = await made.ask("PUT", path, content=AGENT, headers=YAML)
        assert blind.status_code == 428
        new = await made.ask("PUT", path, content=AGENT, headers=YAML | {"if-none-match": "*"})
        assert new.status_code == 409
        odd = await made.ask("PUT", path, content=AGENT, headers=YAML | {"if-match": '"x"'})
        assert odd.status_code == 400
        stale = await made.ask("POST", "/agents/shop/publish", json={"revision": 1})
        assert (stale.status_code, stale.json()["current_revision"]) == (409, 2)
        assert (await made.ask("GET", path)).json()["text"] == text
        assert (await made.ask("DELETE", path, headers=seen(1))).status_code == 409
        assert (await made.ask("DELETE", path, headers=seen(2))).status_code == 204
        assert (await made.ask("GET", path)).status_code == 404

    check(tmp_path, test)


def test_rollback_and_what_differs(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await published(made)
        text = AGENT.replace("Answer", "Pick up")
        await made.ask(
            "PUT", "/agents/shop/draft", content=text, headers=YAML | {"if-none-match": "*"}
        )
        found = (await made.ask("GET", "/agents/shop/diff", "viewer")).json()
        assert (found["old"], found["new"]) == ("version 1", "draft")
        assert "\n-instructions: Answer" in found["diff"]
        assert "\n+instructions: Pick up" in found["diff"]
        await made.ask("POST", "/agents/shop/publish", json={"revision": 2})
        back = await made.ask("POST", "/agents/shop/rollback", "editor", json={"version": 1})
        assert (back.status_code, back.json()["text"]) == (200, AGENT)
        assert back.json()["trials"] == []
        agent = (await made.ask("GET", "/agents/shop")).json()
        assert (agent["published"], agent["versions"]) == (1, 2)
        rows = (await made.ask("GET", "/agents/shop/versions")).json()["versions"]
        assert [row["number"] for row in rows] == [2, 1]
        same = (await made.ask("GET", "/agents/shop/diff?old=1&new=1")).json()
        assert same["diff"] == ""
        gone = await made.ask("POST", "/agents/shop/rollback", json={"version": 9})
        assert gone.status_code == 404

    check(tmp_path, test)


def test_trials_that_go_on_beside_what_is_published_are_told(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await published(made)
        route = {"agent": "shop", "trial": {"version": 1, "percent": 100}}
        new = {"if-none-match": "*"}
        await made.ask("PUT", "/routes/*", json=route, headers=new)
        await made.ask("PUT", "/agents/shop/draft", content=AGENT, headers=YAML | new)
        told = (await made.ask("POST", "/agents/shop/publish", json={"revision": 2})).json()
        trial = {"called": "*", "version": 1, "percent": 100}
        assert (told["number"], told["trials"]) == (2, [trial])
        back = await made.ask("POST", "/agents/shop/rollback", json={"version": 2})
        assert back.json()["trials"] == [trial]

    check(tmp_path, test)


def test_a_document_that_is_not_valid_is_not_published(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await made.ask("POST", "/agents?name=shop", content="name: Shop\n", headers=YAML)
        answer = await made.ask("POST", "/agents/shop/publish", json={"revision": 1})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["field"], error["line"]) == ("instructions", 1)
        judged = await made.ask("POST", "/validate", "viewer", content="name: A\n", headers=YAML)
        assert judged.status_code == 200
        assert not judged.json()["valid"] and judged.json()["problems"] == [error]
        good = await made.ask("POST", "/validate", "viewer", content=AGENT, headers=YAML)
        assert good.json() == {"valid": True, "problems": [], "warnings": []}

    check(tmp_path, test)


def test_an_editor_runs_no_code_of_modules_that_the_owner_has_not_allowed(tmp_path: Path) -> None:
    """A token is not an account on the machine."""
    text = (
        f"{AGENT}functions:\n  - name: f\n    entry_point: antigravity:geohash\n"
        "    description: Runs.\n"
        "    parameters: {type: object, properties: {cmd: {type: string}}}\n"
    )
    shell = text.replace("antigravity:geohash", "subprocess:getoutput")

    async def test(made: Desk) -> None:
        await made.ask("POST", "/agents?name=shop", "editor", content=shell, headers=YAML)
        judged = (await made.ask("POST", "/validate", "viewer", content=text, headers=YAML)).json()
        assert not judged["valid"]
        assert [each["field"] for each in judged["problems"]] == ["functions[0].entry_point"]
        for revision, module in ((1, "subprocess"), (2, "antigravity")):
            body = {"revision": revision}
            told = await made.ask("POST", "/agents/shop/publish", "editor", json=body)
            assert told.status_code == 422
            (error,) = told.json()["errors"]
            assert error["field"] == "functions[0].entry_point"
            assert f"add {module} to OFFHOOK_FUNCTIONS" in error["message"]
            path = "/agents/shop/draft"
            await made.ask("PUT", path, "editor", content=text, headers=YAML | seen(revision))
        assert "antigravity" not in sys.modules
        assert (await made.ask("GET", "/agents/shop")).json()["published"] is None

    check(tmp_path, test)


def test_a_document_whose_functions_are_not_there_is_not_valid(tmp_path: Path) -> None:
    text = f"{AGENT}functions: [{{name: f, entry_point: 'bridge.demo.orders:find_all'}}]\n"

    async def test(made: Desk) -> None:
        judged = (await made.ask("POST", "/validate", "viewer", content=text, headers=YAML)).json()
        assert not judged["valid"] and "is not there" in judged["problems"][0]["message"]

    check(tmp_path, test)


def test_where_tests_are_required_a_publish_has_to_pass_them(tmp_path: Path) -> None:
    answers: list[bool] = []

    async def passes(draft: Any, agent: Any) -> None:
        answers.append(draft.text == AGENT)
        if len(answers) == 1:
            raise Invalid("tests", [])

    async def test(made: Desk) -> None:
        await made.ask("POST", "/agents?name=shop", content=AGENT, headers=YAML)
        on = await made.ask("PATCH", "/agents/shop", json={"tests_required": True})
        assert on.json()["tests_required"]
        for status in (422, 200):
            told = await made.ask("POST", "/agents/shop/publish", json={"revision": 1})
            assert told.status_code == status
        assert answers == [True, True]

    check(tmp_path, test, check=passes)


async def required(made: Desk, tests: str = "") -> None:
    body = {"name": "shop", "text": AGENT, "tests": tests}
    await made.ask("POST", "/agents", json=body)
    await made.ask("PATCH", "/agents/shop", json={"tests_required": True})


def test_while_tests_of_another_publish_run_it_says_when_to_ask_again(tmp_path: Path) -> None:
    async def busy(draft: Any, agent: Any) -> None:
        raise Busy

    async def test(made: Desk) -> None:
        await required(made)
        told = await made.ask("POST", "/agents/shop/publish", json={"revision": 1})
        assert (told.status_code, told.headers["retry-after"]) == (429, "10")
        assert "another publish" in told.json()["detail"]

    check(tmp_path, test, check=busy)


@pytest.mark.parametrize("functions", ["real", "{find: real}"])
def test_tests_that_run_functions_need_an_admin(tmp_path: Path, functions: str) -> None:
    async def passes(draft: Any, agent: Any) -> None:
        pass

    async def test(made: Desk) -> None:
        await required(
            made,
            f"conversations: [{{name: x, functions: {functions}, turns: [{{caller: Hello.}}]}}]",
        )
        body = {"revision": 1}
        told = await made.ask("POST", "/agents/shop/publish", "editor", json=body)
        assert told.status_code == 422
        (error,) = told.json()["errors"]
        assert error["field"] == "tests" and "scope admin" in error["message"]
        told = await made.ask("POST", "/agents/shop/publish", "admin", json=body)
        assert told.status_code == 200

    check(tmp_path, test, check=passes)


def test_where_nothing_can_run_the_tests_a_publish_says_who_can(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await made.ask("POST", "/agents?name=shop", content=AGENT, headers=YAML)
        await made.ask("PATCH", "/agents/shop", json={"tests_required": True})
        told = await made.ask("POST", "/agents/shop/publish", json={"revision": 1})
        assert told.status_code == 409
        assert "offhook agents publish shop" in told.json()["detail"]

    check(tmp_path, test)


def test_routes_and_blocked_callers(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await published(made)
        path = "/routes/+15005550001"
        new = await made.ask("PUT", path, json={"agent": "shop"}, headers={"if-none-match": "*"})
        revision = new.json()["revision"]
        assert (new.status_code, new.headers["etag"]) == (200, f'"{revision}"')
        late = await made.ask("PUT", path, json={"agent": "shop"}, headers=seen(revision + 1))
        assert (late.status_code, late.json()["current_revision"]) == (409, revision)
        wrong = await made.ask("PUT", path, json={"agent": "gone"}, headers=seen(revision))
        told = "there is no published agent gone; publish it first"
        assert wrong.json()["errors"] == [{"field": "agent", "message": told}]
        assert wrong.json()["detail"] == f"agent: {told}"
        other = {"agent": "shop", "called": "*"}
        assert (await made.ask("PUT", path, json=other, headers=seen(revision))).status_code == 422
        assert (await made.ask("DELETE", "/agents/shop")).status_code == 409
        listed = (await made.ask("GET", "/routes", "viewer")).json()["routes"]
        assert [each["called"] for each in listed] == ["+15005550001"]
        assert (await made.ask("DELETE", path, headers=seen(revision))).status_code == 204
        assert (await made.ask("DELETE", "/agents/shop")).status_code == 204
        blocked = await made.ask("PUT", "/blocked-callers/+4990*", json={"reason": "ads"})
        assert blocked.json()["caller"] == "+4990*"
        assert (await made.ask("PUT", "/blocked-callers/*", json={})).status_code == 422
        assert (await made.ask("DELETE", "/blocked-callers/+4990*")).status_code == 204
        assert (await made.ask("DELETE", "/blocked-callers/+4990*")).status_code == 404

    check(tmp_path, test)


def test_every_change_says_who_made_it(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        await published(made)
        await made.ask("POST", "/agents/shop/rollback", "editor", json={"version": 1})
        told = (await made.ask("GET", "/audit?subject=agent/shop&limit=2")).json()
        assert [(each["action"], each["who"]) for each in told["entries"]] == [
            ("agent.rolled_back", "token:a editor"),
            ("agent.published", "token:a admin"),
        ]
        more = (await made.ask("GET", f"/audit?subject=agent/shop&cursor={told['next']}")).json()
        assert [each["action"] for each in more["entries"]] == ["agent.created"]
        assert more["next"] is None

    check(tmp_path, test)


@pytest.mark.parametrize(("days", "expires"), [(1, True), (None, False)])
def test_tokens_are_made_with_an_end_and_shown_once(
    tmp_path: Path, days: int | None, expires: bool
) -> None:
    async def test(made: Desk) -> None:
        body = {"name": "deploy", "scope": "editor", "days": days}
        new = (await made.ask("POST", "/tokens", json=body)).json()
        assert new["secret"].startswith("ofh_") and bool(new["expires_at"]) is expires
        headers = {"Authorization": f"Bearer {new['secret']}"}
        assert (await made.http.get("/agents", headers=headers)).status_code == 200
        listed = await made.ask("GET", "/tokens")
        assert new["secret"] not in listed.text
        assert new["id"] in [each["id"] for each in listed.json()["tokens"]]

    check(tmp_path, test)
