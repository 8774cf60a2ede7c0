"""Whether the agents can answer."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from bridge.doctor import Finding, agent
from bridge.functions import Allowed
from bridge.store.agents import AgentStore
from bridge.store.database import store_url
from tests.doctor.patient import settings
from tests.support.stores import ANN, SHOP, opened

MISSING = SHOP + "functions:\n  - name: find\n    entry_point: nowhere.at_all:find\n"


def found(state_dir: Path, text: str | None = None, **more: str) -> Finding:
    if text is None:
        return asyncio.run(agent.check(settings(state_dir, **more)))
    path = state_dir / "agent.yaml"
    path.write_text(text)
    return asyncio.run(agent.check(settings(state_dir, OFFHOOK_AGENT=str(path))))


def published(state_dir: Path, text: str) -> None:
    async def main() -> None:
        async with opened(store_url(None, state_dir)) as database:
            agents = AgentStore(database, Allowed(["shop_functions"]))
            draft = await agents.create("shop", text, ANN)
            await agents.publish("shop", revision=draft.revision, change=ANN)

    asyncio.run(main())


def test_the_built_in_agent_is_good(tmp_path: Path) -> None:
    assert found(tmp_path).state == "good"


def test_a_broken_document_fails_with_every_place(tmp_path: Path) -> None:
    finding = found(tmp_path, "name: Shop\nvoice: 7\nlanguage: [\n")
    assert finding.state == "failed" and "agent.yaml:" in finding.told
    finding = found(tmp_path, "name: Shop\ninstruction: Hello.\nspeed: fast\n")
    assert len(finding.told.splitlines()) > 1
    assert "agent.yaml:3:" in finding.told and "speed" in finding.told


def test_a_function_that_cannot_be_loaded_fails(tmp_path: Path) -> None:
    finding = found(tmp_path, MISSING)
    assert finding.state == "failed"
    assert "agent.yaml: function find" in finding.told and "nowhere" in finding.told


def test_published_agents_are_looked_at_too(tmp_path: Path) -> None:
    published(tmp_path, SHOP)
    finding = found(tmp_path)
    assert finding.state == "good" and "and 1 published" in finding.told


def test_a_published_agent_whose_function_has_gone_fails_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    module = tmp_path / "shop_functions.py"
    module.write_text('def find() -> str:\n    """Find it."""\n    return ""\n')
    published(tmp_path, MISSING.replace("nowhere.at_all", "shop_functions"))
    allowed = {"OFFHOOK_FUNCTIONS": "shop_functions"}
    assert found(tmp_path, **allowed).state == "good"
    refused = found(tmp_path)
    assert refused.state == "failed" and "OFFHOOK_FUNCTIONS" in refused.told
    module.unlink()
    sys.modules.pop("shop_functions")
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    finding = found(tmp_path, **allowed)
    assert finding.state == "failed"
    assert "shop, version 1: function find" in finding.told
