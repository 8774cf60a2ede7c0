"""offhook agents try: a conversation with an agent, before anybody else has one."""

import importlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bridge import endpoint
from bridge.agents.briefing import brief
from bridge.agents.document import Agent
from bridge.agents.incoming import Incoming
from bridge.call.actions import Outcome
from bridge.call.call import END_CALL
from bridge.call.config import CallConfig
from bridge.cli.agent_source import DRAFT, NAME, VERSION, source
from bridge.cli.console import DONE, FAILED, USAGE, line, stderr, stop
from bridge.cli.environment import settings_from
from bridge.cli.loop import run
from bridge.cli.prompt import typed_lines
from bridge.functions import Function, FunctionsError
from bridge.local_model import LocalModelFailed
from bridge.say import Answer, Heard, SayFailed, Talk
from bridge.settings import LocalSettings, ModelSettings
from bridge.settings.limits import Limits
from bridge.sim.voice.parts import MEND, missing_packages
from bridge.transport.model import Endpoint, ModelUnavailable, open_session
from bridge.trials.conversation import CALLED, CALLER, GivenResults
from bridge.trials.offered import Offered
from bridge.trials.phone_line import ACCOUNT_SID, CALL_SID
from bridge.trials.prepared import prepared
from bridge.trials.spoken import Speak, converse, write_call

QUIT = "q"
BROKEN = {each.value for each in (Outcome.MODEL_LOST, Outcome.MODEL_FAILED, Outcome.CARRIER_LOST)}


@dataclass(frozen=True)
class Trying:
    """``speak`` None: as text; else by voice, and the call is written to ``out``."""

    agent: Agent
    offered: Mapping[str, Function]
    limits: Limits
    speak: Speak | None
    out: Path


def agents_try(
    name: NAME,
    draft: DRAFT = False,
    version: VERSION = None,
    local: Annotated[
        bool, typer.Option("--local", help="With the local model, whatever is configured.")
    ] = False,
    voice: Annotated[
        bool, typer.Option("--voice", help="What you type is spoken: a whole call.")
    ] = False,
    no_functions: Annotated[
        bool, typer.Option("--no-functions", help="Functions answer ok and do nothing.")
    ] = False,
    out: Annotated[Path, typer.Option(help="With --voice: the call, the caller left.")] = Path(
        "try.wav"
    ),
    caller: Annotated[str, typer.Option(help="The caller's number.")] = CALLER,
    called: Annotated[str, typer.Option(help="The number that was called.")] = CALLED,
    variable: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, in place of what the call would bring.")
    ] = None,
) -> None:
    """Talk with an agent, as text or by voice. Its functions run for real.

    Prompts until q. Ends with 1 at an error or a failed answer.
    """
    if voice and not out.parent.is_dir():
        stop(f"--out {out}: there is no folder {out.parent}; make it, or name another", USAGE)
    settings = settings_from(telephone=False)
    found = source(name, settings, draft=draft, version=version)
    incoming = Incoming(CALL_SID, caller, called, {}, ACCOUNT_SID)
    agent, notes = prepared(found.agent, incoming, _named(variable or ()), datetime.now(UTC))
    for note in notes:
        stderr.print(f"note: {note}", style="yellow", markup=False)
    given = GivenResults(real=frozenset() if no_functions else None)
    timeout_s = settings.limits.function_timeout_s
    try:
        offered = Offered(agent, given, default_timeout_s=timeout_s).functions
        speak = _speaker() if voice else None
        trying = Trying(agent, offered, settings.limits, speak, out)
        run(_try(_model(settings.model, local), trying))
    except FunctionsError as error:
        stop(str(error), USAGE)
    except LocalModelFailed as error:
        stop(str(error), USAGE if error.code == USAGE else FAILED)
    except (ModelUnavailable, SayFailed) as error:
        stop(str(error), FAILED)
    raise typer.Exit(DONE)


def _named(variables: Iterable[str]) -> dict[str, str]:
    found = {}
    for each in variables:
        name, equals, value = each.partition("=")
        if not equals or not name:
            stop(f"--variable {each}: write NAME=VALUE", USAGE)
        found[name] = value
    return found


def _model(configured: ModelSettings, local: bool) -> ModelSettings:
    if local and not isinstance(configured, LocalSettings):
        return LocalSettings()
    return configured


def _speaker() -> Speak:
    """The caller's voice; ends with 2 where it is not installed."""
    if missing := missing_packages():
        stop(f"--voice needs {', '.join(missing)}: {MEND}", USAGE)
    speaker = importlib.import_module("bridge.sim.voice.speaker").Speaker()
    return lambda text: b"".join(each.pcm for each in speaker.speak(text))


async def _try(model: ModelSettings, trying: Trying) -> None:
    async with endpoint.opened(model) as endpoints:
        answering = endpoints.of(trying.agent.model)
        for warning in trying.agent.warnings(answering.dialect.name):
            stderr.print(f"warning: {warning}", style="yellow", markup=False)
        config = brief(trying.agent, dict(trying.offered), answering.dialect, trying.limits)
        if trying.speak is None:
            await _by_text(config, answering, trying)
        else:
            await _by_voice(config, answering, trying, trying.speak)


async def _by_text(config: CallConfig, answering: Endpoint, trying: Trying) -> None:
    peer = await open_session(answering, trying.limits.model_connect_timeout_s)
    try:
        talk = Talk(peer, trying.offered)
        await talk.configure(config.session)
        if config.greeting:
            _tell_answer(await talk.greet(config.greeting, _silent))
        async for text in _texts():
            answer = await talk.say(text, _silent)
            _tell_answer(answer)
            if any(each.name == END_CALL for each in answer.functions):
                line("the agent has ended the call")
                break
    finally:
        await peer.close()


async def _by_voice(config: CallConfig, answering: Endpoint, trying: Trying, speak: Speak) -> None:
    timeout_s = trying.limits.model_connect_timeout_s
    course, sound = await converse(
        config,
        _texts(),
        speak,
        lambda: open_session(answering, timeout_s),
        trying.offered,
        lambda who, what: line(f"{who}: {what}"),
    )
    write_call(trying.out, sound)
    line(f"{course.outcome}, {course.seconds:.1f} s, written to {trying.out}")
    if course.outcome in BROKEN:
        raise SayFailed(f"the call was not held to its end: {course.outcome}")


async def _texts() -> AsyncIterator[str]:
    async for typed in typed_lines(f"caller ({QUIT} ends): "):
        if typed.strip() == QUIT:
            return
        if typed.strip():
            yield typed.strip()


def _tell_answer(answer: Answer) -> None:
    for each in answer.functions:
        line(f"function: {each.name} {each.arguments} -> {each.output}")
    line(f"agent: {answer.transcript}")


def _silent(heard: Heard) -> None:
    return
