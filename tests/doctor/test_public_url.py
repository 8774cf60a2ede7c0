"""Whether the world reaches us, and at which step it does not."""

import asyncio
from pathlib import Path

import pytest

from bridge.doctor import Finding, public_url, reach
from tests.doctor.patient import answering, response
from tests.support.house import standing


def found(answer: bytes, scheme: str = "http") -> Finding:
    async def main() -> Finding:
        async with answering(answer) as address:
            return await public_url.check(f"{scheme}://{address}")

    return asyncio.run(main())


def at(url: str) -> Finding:
    return asyncio.run(public_url.check(url))


def test_a_server_of_ours_is_reached(tmp_path: Path) -> None:
    async def main() -> Finding:
        async with standing(tmp_path) as house:
            return await public_url.check(f"http://127.0.0.1:{house.port}")

    assert asyncio.run(main()).state == "good"


def test_without_a_public_url_nothing_is_asked() -> None:
    assert asyncio.run(public_url.check(None)).state == "skipped"


def test_a_name_that_is_not_known_is_told_as_dns() -> None:
    finding = at("https://phone.invalid")
    assert finding.state == "failed"
    assert "DNS: the name phone.invalid is not known" in finding.told
    assert "OFFHOOK_PUBLIC_URL" in finding.mend


def test_nobody_who_listens_is_told_as_connect() -> None:
    finding = at("http://127.0.0.1:9")
    assert (finding.state, "connect: 127.0.0.1" in finding.told) == ("failed", True)


def test_a_server_without_tls_is_told_as_tls() -> None:
    finding = found(response(200, '{"product":"offhook"}'), scheme="https")
    assert (finding.state, "TLS: 127.0.0.1" in finding.told) == ("failed", True)


def test_a_server_that_says_nothing_is_told_as_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "TIMEOUT_S", 0.2)
    finding = found(b"")
    assert (finding.state, "answer: 127.0.0.1 says nothing" in finding.told) == ("failed", True)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (response(200, "<html>hello</html>", "Server: nginx"), "(nginx) answers 200"),
        (response(200, '{"product":"other","calls":0}'), "answers 200, and not as Offhook"),
        (response(200, '{"calls":0}'), "answers 200, and not as Offhook"),
        (response(200, "[]"), "answers 200, and not as Offhook"),
        (response(404, '{"product":"offhook"}'), "answers 404"),
        (response(502, "bad gateway"), "a proxy answers"),
        (response(301, "", "Location: https://else.example/"), "redirects (301)"),
    ],
)
def test_another_server_is_told_as_that(answer: bytes, told: str) -> None:
    finding = found(answer)
    assert finding.state == "failed"
    assert "other server: " in finding.told and told in finding.told
    assert finding.mend


def test_what_is_no_http_at_all_is_told() -> None:
    finding = found(b"220 mail.example ESMTP\r\n")
    assert finding.state == "failed" and finding.mend
