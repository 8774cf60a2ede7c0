"""offhook say: text in, speech out, without a telephone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from bridge import endpoint
from bridge.agents.briefing import brief
from bridge.agents.default import default_agent
from bridge.agents.document import load_file
from bridge.agents.problems import AgentError
from bridge.cli.console import DONE, FAILED, USAGE, line, report, stderr, stdout, stop
from bridge.cli.environment import settings_from
from bridge.cli.loop import run
from bridge.cli.prompt import typed_lines
from bridge.functions import FunctionsError, load_functions
from bridge.local_model import LocalModelFailed
from bridge.say import Answer, Called, Heard, SayFailed, Sound, Talk, Words, write_wav
from bridge.settings import Settings
from bridge.transport.model import ModelUnavailable, open_session

QUIT = "q"


def say(
    text: Annotated[str | None, typer.Argument(help="Without: prompts until q.")] = None,
    out: Annotated[Path, typer.Option(help="The speech, as a WAV file.")] = Path("say.wav"),
    as_json: Annotated[bool, typer.Option("--json", help="A report as JSON, at the end.")] = False,
) -> None:
    """Say something to the configured model, as text, and hear the agent's answer.

    Ends with 1 at an error event or a failed answer.
    """
    if text is not None and not text.strip():
        stop("there is nothing to say; give a text, or none to be asked for one", USAGE)
    if not out.parent.is_dir():
        stop(f"--out {out}: there is no folder {out.parent}; make it, or name another", USAGE)
    settings = settings_from(telephone=False)
    answers: list[Answer] = []
    problem = _problem(settings, text, answers, quiet=as_json)
    pcm = b"".join(each.audio for each in answers)
    if pcm:
        write_wav(out, pcm)
    if as_json:
        report(_facts(answers, out if pcm else None, problem))
    elif pcm:
        stdout.print(f"written to {out}", markup=False)
    if problem:
        stop(problem, FAILED)
    raise typer.Exit(DONE)


def _problem(
    settings: Settings, text: str | None, answers: list[Answer], *, quiet: bool
) -> str | None:
    """Talks; None where all went well."""
    try:
        run(_say(settings, text, answers, quiet))
    except (AgentError, FunctionsError) as error:
        stop(str(error), USAGE)
    except LocalModelFailed as error:
        stop(str(error), USAGE if error.code == USAGE else FAILED)
    except (ModelUnavailable, SayFailed) as error:
        return str(error)
    return None


async def _say(settings: Settings, text: str | None, answers: list[Answer], quiet: bool) -> None:
    agent = load_file(settings.agent_path) if settings.agent_path else default_agent()
    limits = settings.limits
    offered = load_functions(agent.functions, default_timeout_s=limits.function_timeout_s)
    async with endpoint.opened(settings.model) as endpoints:
        model = endpoints.of(agent.model)
        for warning in agent.warnings(model.dialect.name):
            stderr.print(f"warning: {warning}", style="yellow", markup=False)
        config = brief(agent, offered, model.dialect, limits).session
        peer = await open_session(model, limits.model_connect_timeout_s)
        try:
            talk = Talk(peer, offered)
            await talk.configure(config)
            async for each in _texts(text):
                answers.append(await talk.say(each, _silent if quiet else _tell))
        finally:
            await peer.close()


async def _texts(text: str | None) -> AsyncIterator[str]:
    if text is not None:
        yield text
        return
    async for typed in typed_lines(f"say ({QUIT} ends): "):
        if typed.strip() == QUIT:
            return
        if typed.strip():
            yield typed


def _tell(heard: Heard) -> None:
    match heard:
        case Words(text):
            line(f"transcript: {text}")
        case Sound(n_bytes):
            line(f"audio: {n_bytes} bytes")
        case Called(name, arguments, output):
            line(f"function: {name} {arguments} -> {output}")


def _silent(heard: Heard) -> None:
    return


def _facts(answers: list[Answer], out: Path | None, problem: str | None) -> dict[str, object]:
    return {
        "answers": [
            {
                "said": each.said,
                "transcript": each.transcript,
                "audio_bytes": len(each.audio),
                "functions": [vars(called) for called in each.functions],
            }
            for each in answers
        ],
        "out": str(out) if out else None,
        "error": problem,
    }
