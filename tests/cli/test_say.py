"""Text in, speech out, against a Realtime server that speaks in tones."""

import asyncio
import subprocess
import wave
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.sim.model.patterns import PatternMind
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.server import Serving, serve
from bridge.sim.voice.scripted import ScriptedVoice
from tests.cli.offhook import offhook, reported

QUICK = ModelProfile(speed=0, first_delta_ms=0)
BAD_AGENT = "name: x\ninstructions: y\nvoice: nobody\n"
ORDER_AGENT = """
name: Orders
instructions: You know the state of every order.
audio_format: g711_ulaw
functions:
  - name: find_order
    entry_point: bridge.demo.orders:find_order
"""


def openai(origin: str) -> dict[str, str]:
    return {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": f"{origin}/v1"}


def azure(origin: str, version: str = "2025-04-01-preview") -> dict[str, str]:
    return {
        "AZURE_OPENAI_ENDPOINT": origin,
        "AZURE_OPENAI_DEPLOYMENT_NAME": "voice",
        "AZURE_OPENAI_API_KEY": "key",
        "OPENAI_API_VERSION": version,
    }


def azure_ga(origin: str) -> dict[str, str]:
    return azure(origin, version="")


def first_preview(origin: str) -> dict[str, str]:
    return azure(origin, version="2024-10-01-preview")


def said(
    folder: Path,
    *arguments: str,
    dialect: object = openai,
    profile: ModelProfile = QUICK,
    agent: str | None = None,
    typed: str = "",
) -> tuple[subprocess.CompletedProcess[str], Serving]:
    """``offhook say`` once, and the server it talked to."""
    assert callable(dialect)

    async def main() -> tuple[subprocess.CompletedProcess[str], Serving]:
        async with serve(
            "127.0.0.1", 0, voice=ScriptedVoice(), mind_factory=PatternMind, profile=profile
        ) as serving:
            settings: Mapping[str, str] = dialect(serving.http_url)
            if agent is not None:
                (folder / "agent.yaml").write_text(agent)
                settings = {**settings, "OFFHOOK_AGENT": str(folder / "agent.yaml")}
            out = str(folder / "said.wav")
            command = ("say", *arguments, "--out", out)
            done = await asyncio.to_thread(offhook, *command, settings=settings, typed=typed)
            return done, serving

    return asyncio.run(main())


def wav_bytes(path: Path) -> int:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        return len(file.readframes(file.getnframes()))


@pytest.mark.parametrize("dialect", [openai, azure_ga, azure, first_preview])
def test_a_text_is_answered_piece_by_piece_and_written_in_every_dialect(
    tmp_path: Path, dialect: object
) -> None:
    done, _ = said(tmp_path, "Hello", dialect=dialect)
    assert done.returncode == 0, done.stderr
    lines = [line.partition(": ") for line in done.stdout.splitlines()]
    words = "".join(text for kind, _, text in lines if kind == "transcript")
    sounds = [int(text.removesuffix(" bytes")) for kind, _, text in lines if kind == "audio"]
    assert words == "Hello. How can I help you?"
    assert len(sounds) > 1 and sum(sounds) == wav_bytes(tmp_path / "said.wav")


def test_without_a_text_it_asks_until_q(tmp_path: Path) -> None:
    done, serving = said(tmp_path, "--json", typed="Hello\n\n  \nI like books\nq\nnever said\n")
    assert done.returncode == 0, done.stderr
    report = reported(done)
    assert [each["said"] for each in report["answers"]] == ["Hello", "I like books"]
    assert "I like books" in report["answers"][1]["transcript"]
    assert sum(each["audio_bytes"] for each in report["answers"]) == wav_bytes(
        tmp_path / "said.wav"
    )
    assert len(serving.sessions) == 1  # one conversation
    assert done.stderr.count("say (q ends): ") == 5


def test_the_end_of_input_ends_it_too(tmp_path: Path) -> None:
    done, _ = said(tmp_path, "--json", typed="Hello")
    assert done.returncode == 0, done.stderr
    assert [each["said"] for each in reported(done)["answers"]] == ["Hello"]


def test_the_agents_functions_are_run_and_its_telephone_format_is_left_aside(
    tmp_path: Path,
) -> None:
    done, _ = said(tmp_path, "Where is order 4711?", "--json", agent=ORDER_AGENT)
    assert done.returncode == 0, done.stderr
    (answer,) = reported(done)["answers"]
    (called,) = answer["functions"]
    assert (called["name"], called["arguments"]) == ("find_order", '{"number": "4711"}')
    assert "comes tomorrow" in answer["transcript"]
    assert answer["audio_bytes"] == wav_bytes(tmp_path / "said.wav")


def test_a_goodbye_calls_end_call_and_waits_for_nothing_more(tmp_path: Path) -> None:
    done, _ = said(tmp_path, "Goodbye", "--json")
    assert done.returncode == 0, done.stderr
    (answer,) = reported(done)["answers"]
    assert [called["name"] for called in answer["functions"]] == ["end_call"]
    assert answer["transcript"] == "Goodbye."


def test_an_error_event_ends_it_with_1_and_is_printed(tmp_path: Path) -> None:
    done, _ = said(tmp_path, "Hello", agent=BAD_AGENT)
    assert done.returncode == 1
    assert "error" in done.stderr and "nobody" in done.stderr
    assert not (tmp_path / "said.wav").exists()


def test_a_failed_answer_ends_it_with_1_and_the_report_says_so(tmp_path: Path) -> None:
    failing = ModelProfile(failed_responses={1: "rate_limit_exceeded"})
    done, _ = said(tmp_path, "Hello", "--json", profile=failing)
    assert done.returncode == 1
    report = reported(done)
    assert report["error"] == "the answer is failed: rate_limit_exceeded"
    assert report["out"] is None


def test_a_session_that_ends_amid_the_answer_ends_it_with_1(tmp_path: Path) -> None:
    done, _ = said(tmp_path, "Hello", profile=ModelProfile(drop_at_event=8))
    assert done.returncode == 1
    assert "the session is over: closed with 1006" in done.stderr


def test_a_model_that_refuses_the_key_ends_it_with_1(tmp_path: Path) -> None:
    strict = ModelProfile(api_keys=frozenset({"another"}))
    done, _ = said(tmp_path, "Hello", dialect=azure, profile=strict)
    assert done.returncode == 1
    assert "401" in done.stderr
