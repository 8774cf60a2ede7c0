"""What is asked for behind the "?" is understood, or refused."""

from pathlib import Path

import pytest

from tests.web.api.desk import Desk, check


@pytest.mark.parametrize(
    ("query", "field", "mend"),
    [
        ("/calls?callr=x", "callr", "did you mean caller?"),
        ("/calls?agent=a&agent=b", "agent", "give it once"),
        ("/calls?limit=1&limit=1", "limit", "give it once"),
        ("/audit?colour=red", "colour", "known are cursor, limit, subject, who"),
        ("/agents?agent=a", "agent", "remove it"),
        ("/routes?called=%2B1", "called", "remove it"),
        ("/audit?subject=route/+4930123456", "subject", "in a URL, write %2B for +"),
    ],
)
def test_a_parameter_that_is_not_known_or_given_twice_is_refused(
    tmp_path: Path, query: str, field: str, mend: str
) -> None:
    async def test(made: Desk) -> None:
        answer = await made.ask("GET", query)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert error["message"].endswith(f"; {mend}")

    check(tmp_path, test)


def test_every_known_parameter_may_be_given(tmp_path: Path) -> None:
    async def test(made: Desk) -> None:
        query = "/calls?agent=a&caller=%2B1&since=2026-01-01T00:00:00Z&has_errors=true&limit=5"
        assert (await made.ask("GET", query)).status_code == 200
        assert (await made.ask("GET", "/audit?who=ann&subject=x&limit=1")).status_code == 200

    check(tmp_path, test)
