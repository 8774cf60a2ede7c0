"""The container: what its files promise, read without an engine."""

import json
import os
import re
import shlex
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bridge.settings import Settings, SettingsError

TOP = Path(__file__).parents[1]
DEPLOY = TOP / "deploy"
PINS = ("requirements.txt", "requirements-build.txt")


@dataclass(frozen=True)
class Instruction:
    word: str
    rest: str
    explained: bool  # a comment stands right above it, or above the block it is in


def dockerfile() -> list[Instruction]:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    found, explained = [], False
    for line in text.splitlines():
        if line.startswith("#"):
            explained = True
        elif not line.strip():
            explained = False
        else:
            word, rest = line.split(None, 1)
            found.append(Instruction(word, rest, explained))
    return found


def last_stage() -> list[Instruction]:
    every = dockerfile()
    start = max(n for n, each in enumerate(every) if each.word == "FROM")
    return every[start:]


def given(word: str) -> list[str]:
    return [each.rest for each in last_stage() if each.word == word]


def environment() -> dict[str, str]:
    pairs = (pair.partition("=") for line in given("ENV") for pair in shlex.split(line))
    return {name: value for name, _, value in pairs}


def pins(name: str) -> Iterator[tuple[str, str, list[str]]]:
    """Name, version and what stands behind them, a line each."""
    text = (DEPLOY / name).read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            requirement, *rest = line.split()
            name_, _, version = requirement.partition("==")
            yield name_, version, rest


def test_every_instruction_is_explained() -> None:
    # The second FROM opens a stage under a headline of its own.
    assert [each for each in dockerfile() if not each.explained and each.word != "FROM"] == []


def test_the_image_runs_as_a_user_without_rights() -> None:
    words = [each.word for each in last_stage()]
    (user,) = given("USER")
    assert user not in ("root", "0")
    assert any("useradd --system --uid 10001" in each and user in each for each in given("RUN"))
    behind = words[words.index("USER") :]
    assert "RUN" not in behind and "COPY" not in behind


def test_the_image_is_slim_and_of_a_python_the_project_supports() -> None:
    bases = [each.rest.split()[0] for each in dockerfile() if each.word == "FROM"]
    assert len(set(bases)) == 1
    version = re.fullmatch(r"python:3\.(\d+)-slim", bases[0])
    assert version and 11 <= int(version[1]) <= 14


def test_only_what_is_pinned_with_its_hash_is_installed() -> None:
    installs = [each.rest for each in dockerfile() if "pip install" in each.rest]
    assert len(installs) == 3
    for each in installs:
        assert "--require-hashes -r" in each or ("--no-deps" in each and "/wheels/" in each)


def test_what_is_copied_is_there_and_not_kept_from_the_build() -> None:
    sources = [
        source.rstrip("/")
        for each in dockerfile()
        if each.word == "COPY" and not each.rest.startswith("--from")
        for source in each.rest.split()[:-1]
    ]
    let_in = (TOP / ".dockerignore").read_text().splitlines()
    assert {"bridge", "codecs", "pyproject.toml", "README.md"} <= set(sources)
    for source in sources:
        assert (TOP / source).exists()
        assert {f"!{source}", f"!{source}/"} & set(let_in)


def test_process_one_is_offhook_itself_and_gets_sigterm() -> None:
    (entry,), (command,) = given("ENTRYPOINT"), given("CMD")
    assert json.loads(entry) + json.loads(command) == ["offhook", "serve"]
    assert given("STOPSIGNAL") == ["SIGTERM"]


def test_the_container_refuses_to_start_without_its_address_and_a_token() -> None:
    alone = environment()
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(alone)
    assert len(refused.value.problems) == 2
    assert "OFFHOOK_PUBLIC_URL" in str(refused.value)
    assert "TWILIO_AUTH_TOKEN" in str(refused.value)
    told = {"OFFHOOK_PUBLIC_URL": "https://phone.example.com", "TWILIO_AUTH_TOKEN": "t" * 32}
    settings = Settings.from_env(alone | told)
    assert settings.host == "0.0.0.0"
    assert given("EXPOSE") == [str(settings.port)]
    assert given("VOLUME") == [str(settings.state_dir)]


class Health(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("status", [200, 500])
def test_the_health_check_says_what_healthz_says(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (check,) = given("HEALTHCHECK")
    program, flag, code = json.loads(check[check.index("[") :])
    assert (program, flag) == ("python", "-c")
    monkeypatch.setattr(Health, "status", status)
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.handle_request).start()
        monkeypatch.setitem(os.environ, "OFFHOOK_PORT", str(server.server_port))
        if status == 200:
            exec(code, {})
        else:
            with pytest.raises(OSError):
                exec(code, {})


@pytest.mark.parametrize("name", PINS)
def test_every_pin_has_a_version_and_hashes_and_no_place(name: str) -> None:
    text = (DEPLOY / name).read_text()
    assert not re.search(r"^\s*(-[^-]|--(?!hash=))|://|file:| @ ", text, re.M)
    for project, version, rest in pins(name):
        assert re.fullmatch(r"[a-z0-9-]+", project)
        assert re.fullmatch(r"[\w.!+]+", version)
        hashes = [each for each in rest if each.startswith("--hash=")]
        assert hashes
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes)


def test_every_dependency_is_pinned_and_the_build_backend_too() -> None:
    document = tomllib.loads((TOP / "pyproject.toml").read_text())
    for file, wanted in (
        ("requirements.txt", document["project"]["dependencies"]),
        ("requirements-build.txt", document["build-system"]["requires"]),
    ):
        pinned: dict[str, set[str]] = {}
        for project, version, _ in pins(file):
            pinned.setdefault(project, set()).add(version)
        for requirement in wanted:
            project, floor = re.findall(r"^([\w-]+)(?:\[\w+\])?>=([\d.]+)", requirement)[0]
            assert pinned[project]
            assert all(numbers(each) >= numbers(floor) for each in pinned[project])


def numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", version)]
