"""offhook agents try."""

import asyncio
import subprocess
import wave
from pathlib import Path

import pytest

from bridge.sim.model.patterns import PatternMind
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.rules import load_patterns
from bridge.sim.model.server import serve
from bridge.sim.voice.scripted import ScriptedVoice
from tests.cli.alone import alone

AGENT = """
name: Order line
instructions: You know every order.
greeting: This is the order line.
functions:
  - {name: find_order, entry_point: "bridge.demo.orders:find_order"}
"""
REPLIES = r"""
rules:
  - {hears: bye, says: Goodbye., calls: end_call}
  - {hears: '\d', calls: find_order, arguments: {number: "{digits}"}}
  - {hears: tones, says: I hear tones.}
  - {after: find_order, says: "It is {state}."}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.yaml").write_text(AGENT)
    return tmp_path / "shop.yaml"


def tried(shop: Path, typed: str, *options: str) -> subprocess.CompletedProcess[str]:
    async def main() -> subprocess.CompletedProcess[str]:
        async with serve(
            "127.0.0.1",
            0,
            voice=ScriptedVoice(),
            mind_factory=lambda: PatternMind(load_patterns(REPLIES)),
            profile=ModelProfile(first_delta_ms=50),
        ) as serving:
            settings = {
                "OFFHOOK_MODEL_PROVIDER": "openai",
                "OPENAI_API_KEY": "key",
                "OPENAI_BASE_URL": f"{serving.http_url}/v1",
            }
            return await asyncio.to_thread(
                alone, "agents_try", shop, *options, settings=settings, typed=typed
            )

    return asyncio.run(main())


def test_texts_are_answered_and_functions_run(shop: Path) -> None:
    done = tried(shop, "Number 4711.\n\nBye.\nMore?\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "agent: This is the order line.",
        'function: find_order {"number": "4711"} -> '
        '{"number":"4 7 1 1","state":"on its way, and comes tomorrow"}',
        "agent: It is on its way, and comes tomorrow.",
        'function: end_call {} -> {"ok":true}',
        "agent: Goodbye.",
        "the agent has ended the call",
    ]


def test_functions_need_not_run(shop: Path) -> None:
    done = tried(shop, "Number 4711.\nq\n", "--no-functions")
    assert 'find_order {"number": "4711"} -> {"ok":true}' in done.stdout


def test_by_voice_it_is_a_whole_call_with_its_sound(shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "call.wav"
    done = tried(shop, "Hello there.\nq\n", "--voice", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == [
        "agent: This is the order line.",
        "agent: I hear tones.",
    ]
    assert "caller hung up" in done.stdout and f"written to {out}" in done.stdout
    with wave.open(str(out)) as file:
        frames = file.readframes(file.getnframes())
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
    assert any(frames[0::4]) and any(frames[2::4])


def test_a_folder_that_is_not_there_is_told_before_anything_is_said(shop: Path) -> None:
    done = alone("agents_try", shop, "--voice", "--out", "/nowhere/call.wav")
    assert done.returncode == 2 and "there is no folder" in done.stderr


@pytest.mark.parametrize("options", [(), ("--voice",)])
def test_a_model_that_is_not_there_fails(shop: Path, options: tuple[str, ...]) -> None:
    settings = {
        "OFFHOOK_MODEL_PROVIDER": "openai",
        "OPENAI_API_KEY": "key",
        "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
    }
    out = ("--out", str(shop.with_name("try.wav")))
    done = alone("agents_try", shop, *options, *out, settings=settings, typed="Hello.\n")
    assert done.returncode == 1
    assert "cannot connect" in done.stdout + done.stderr
