"""What the parts of a request may hold."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.stores import SHOP
from tests.web.api.desk import Desk, check


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("GET", "/calls?agent=%01", None, "agent"),
        ("GET", "/audit?who=%1b", None, "who"),
        ("GET", "/routes/%1b", None, "called"),
        ("POST", "/tokens", {"name": "E\x1b[31m", "scope": "viewer"}, "name"),
        ("PUT", "/blocked-callers/+4930123456", {"reason": "\x07"}, "reason"),
        ("POST", "/agents", {"name": "shop", "text": SHOP, "note": "\x1b[2J"}, "note"),
        (
            "POST",
            "/agents",
            {"name": "shop", "document": {"name": "\x07", "instructions": "x"}},
            "name",
        ),
    ],
)
def test_a_control_character_is_refused_wherever_it_is_given(
    tmp_path: Path, method: str, path: str, body: Any, field: str
) -> None:
    async def test(made: Desk) -> None:
        answer = await made.ask(method, path, json=body)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert error["message"].startswith("holds a control character (U+00")
        assert error["message"].endswith("; remove it")

    check(tmp_path, test)


@pytest.mark.parametrize("escape", ["\\0", "\\U00110000"])
def test_a_document_with_such_an_escape_is_kept_as_a_draft_and_not_published(
    tmp_path: Path, escape: str
) -> None:
    async def test(made: Desk) -> None:
        body = {"text": f'name: "a{escape}"\ninstructions: x\n'}
        judged = await made.ask("POST", "/validate", json=body)
        assert (judged.status_code, judged.json()["valid"]) == (200, False)
        drafted = await made.ask("POST", "/agents", json=body | {"name": "shop"})
        assert (drafted.status_code, drafted.json()["text"]) == (201, body["text"])
        assert (await made.ask("GET", "/agents/shop")).json()["title"] == "shop"
        published = await made.ask("POST", "/agents/shop/publish", json={"revision": 1})
        assert published.status_code == 422

    check(tmp_path, test)
