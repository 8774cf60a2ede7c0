"""Commands in this process, as typed at a shell: starting one for each takes seconds."""

import asyncio
import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bridge.cli import app
from bridge.store.agents import AgentStore
from bridge.store.database import store_url
from tests.cli.offhook import OF_THE_BRIDGE
from tests.support.stores import ANN, opened

EDITOR = """
import os, pathlib, subprocess, sys
path = pathlib.Path(sys.argv[1])
"""


@dataclass(frozen=True)
class Shell:
    """``folder`` is where files may be put."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    @property
    def settings(self) -> dict[str, str]:
        """For a command in a process of its own."""
        return {name: value for name, value in os.environ.items() if name.startswith(OF_THE_BRIDGE)}

    def run(self, *arguments: object, typed: str = "") -> Result:
        return CliRunner().invoke(app, [str(each) for each in arguments], input=typed)

    def done(self, *arguments: object) -> str:
        """Standard output, where all is well."""
        done = self.run(*arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    def reported(self, *arguments: object) -> dict[str, Any]:
        report = json.loads(self.done(*arguments, "--json"))
        assert isinstance(report, dict)
        return report

    def failed(self, *arguments: object) -> dict[str, Any]:
        """The report of what ends with 1."""
        done = self.run(*arguments, "--json")
        assert done.exit_code == 1, done.output
        report = json.loads(done.stdout)
        assert isinstance(report, dict)
        return report

    def refused(self, code: int, *arguments: object) -> str:
        """Standard error, where it ends with ``code``."""
        done = self.run(*arguments)
        assert done.exit_code == code, done.output
        return done.stderr

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def drafted(self, name: str, text: str) -> None:
        """A new agent with a draft that no command would take; the API does."""
        url = store_url(None, Path(os.environ["OFFHOOK_STATE_DIR"]))

        async def main() -> None:
            async with opened(url) as database:
                await AgentStore(database).create(name, text, ANN)

        asyncio.run(main())

    def editor(self, code: str) -> None:
        """$EDITOR runs Python on ``path``."""
        script = self.file("editor.py", EDITOR + code)
        self.monkeypatch.delenv("VISUAL", raising=False)
        self.monkeypatch.setenv(
            "EDITOR", f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}"
        )
