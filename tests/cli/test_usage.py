"""What each command does with bad input: 2 and the mend, or 1 and what failed."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.offhook import offhook, reported

LOCAL = {"OFFHOOK_MODEL_PROVIDER": "local"}


@pytest.mark.parametrize(
    ("command", "settings", "told"),
    [
        (["serve"], {"OFFHOOK_PORT": "many", "OFFHOOK_AGENT": "/no/such"}, "2 settings are wrong"),
        (["serve", "--host", "0.0.0.0"], {}, "OFFHOOK_PUBLIC_URL"),
        (["serve"], {"OFFHOOK_LOCAL_REPLIES": "/no/such"}, "OFFHOOK_LOCAL_REPLIES"),
        (["serve", "--port", "x"], {}, "--port"),
        (["emulate", "--replies", "/no/such.yaml"], {}, "/no/such.yaml"),
        (["emulate", "--voice", "opera"], {}, "--voice"),
        (["simulate", "not-a-url"], {}, "not-a-url is not a URL"),
        (["simulate", "--calls", "0"], {}, "--calls"),
        (["simulate", "--interrupt-ms", "-1"], {}, "--interrupt-ms"),
        (["simulate", "--time-limit-s", "nan"], {}, "--time-limit-s"),
        (["simulate", "http://"], {}, "http:// is not a URL"),
        (["emulate", "--port", "99999"], {}, "--port"),
        (["emulate", "--speed", "-1"], {}, "--speed"),
        (["emulate", "--speed", "inf"], {}, "--speed inf has to be a number"),
        (["emulate", "--first-delta-ms", "-5"], {}, "--first-delta-ms"),
        (["rehearse", "--calls", "0"], {}, "--calls"),
        (["say", " "], {}, "nothing to say"),
        (["say", "x", "--out", "/no/such/folder/x.wav"], {}, "there is no folder"),
        (["say", "x"], {"OPENAI_API_KEY": "k", "AZURE_OPENAI_API_KEY": "k"}, "none is chosen"),
        (["demo", "--out", "/dev/null/x"], {}, "name a folder"),
        (["demo", "--orders"], {}, "--orders"),
        (["dial"], {}, "dial"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_is_wrong(
    command: list[str], settings: dict[str, str], told: str
) -> None:
    done = offhook(*command, settings=settings)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["say", "hello"]])
def test_an_agent_that_cannot_be_read_is_a_wrong_setting_with_its_line(
    command: list[str], tmp_path: Path
) -> None:
    agent = tmp_path / "agent.yaml"
    agent.write_text("name: x\ninstructions: y\nvoize: z\n")
    done = offhook(*command, settings=LOCAL | {"OFFHOOK_AGENT": str(agent)})
    assert done.returncode == 2
    assert "agent.yaml:3" in done.stderr and "voize" in done.stderr


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["say", "hello"]])
def test_patterns_that_cannot_be_used_are_a_wrong_setting(
    command: list[str], tmp_path: Path
) -> None:
    replies = tmp_path / "replies.yaml"
    replies.write_text("rules: [{hears: hello}]")
    done = offhook(*command, settings=LOCAL | {"OFFHOOK_LOCAL_REPLIES": str(replies)})
    assert done.returncode == 2
    assert "rules[0]: needs says or calls" in done.stderr
    emulated = offhook("emulate", "--replies", str(replies))
    assert emulated.returncode == 2


@pytest.mark.parametrize(
    "command", [["serve", "--port"], ["emulate", "--voice", "tones", "--port"]]
)
def test_a_port_that_is_taken_ends_with_1(command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = offhook(*command, str(taken.getsockname()[1]), settings=LOCAL)
    assert done.returncode == 1
    assert "cannot listen on 127.0.0.1" in done.stderr


def test_a_webhook_that_nobody_answers_ends_with_1_and_a_report() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/twilio/voice"
    done = offhook("simulate", url, "--caller", "tones", "--json")
    assert done.returncode == 1
    (call,) = reported(done)["calls"]
    assert call["outcome"] != "completed" or call["warnings"] or call["errors"]


def test_a_model_that_is_not_there_ends_with_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    done = offhook("say", "x", "--json", settings={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url})
    assert done.returncode == 1
    assert "cannot connect" in reported(done)["error"]


def test_a_rehearsal_reports_as_json() -> None:
    done = offhook("rehearse", "--calls", "1", "--seed", "3", "--json")
    assert done.returncode == 0, done.stderr
    assert reported(done)


@pytest.mark.parametrize(
    "command", [["serve", "--port", "0"], ["emulate", "--port", "0", "--voice", "tones"]]
)
def test_the_ready_line_is_json_and_sigterm_ends_with_0(command: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", *command, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=LOCAL | {"OFFHOOK_STATE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"] is True
        process.terminate()
        assert process.wait(30) == 0
        assert process.stdout.read() == ""


@pytest.mark.parametrize("command", [["serve"], ["emulate", "--voice", "tones"]])
def test_what_is_started_with_a_parent_ends_with_it(command: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", *command, "--port", "0", "--json", "--with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=LOCAL | {"OFFHOOK_STATE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    with process:
        assert process.stdin is not None and process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"] is True
        process.stdin.close()
        assert process.wait(30) == 0


def test_every_command_is_there_and_explains_itself() -> None:
    done = offhook("--help")
    assert done.returncode == 0
    for name in ("demo", "serve", "emulate", "simulate", "rehearse", "say"):
        assert name in done.stdout


def test_an_output_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bridge", "agents", "list"]
    settings = LOCAL | {"OFFHOOK_STATE_DIR": str(tmp_path)}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, env=os.environ | settings, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    told = done.stderr.decode()
    assert told.endswith("\nthe output cannot be written (No space left on device)\n")
    assert "Traceback" not in told
