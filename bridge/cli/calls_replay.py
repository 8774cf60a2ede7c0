"""offhook calls replay: a call that was, run again with another agent."""

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bridge import endpoint
from bridge.agents.briefing import brief
from bridge.agents.incoming import Incoming
from bridge.call.actions import Outcome
from bridge.cli.agent_source import DRAFT, VERSION, Source, local_replies, opened_store, source
from bridge.cli.console import DONE, FAILED, USAGE, report, stderr, stdout, stop
from bridge.cli.environment import settings_from
from bridge.cli.loop import run
from bridge.functions import FunctionsError
from bridge.records.record import CallRecord, from_builtins
from bridge.settings import LocalSettings, Settings
from bridge.sim.voice.parts import MEND, VoiceMissing, missing_packages
from bridge.store.calls import CallStore
from bridge.store.problems import StoreProblem, StoreUnavailable
from bridge.transport.model import ModelUnavailable, open_session
from bridge.trials.columns import columns
from bridge.trials.comparison import facts
from bridge.trials.conversation import GivenResults
from bridge.trials.from_record import stored_call
from bridge.trials.offered import Offered
from bridge.trials.prepared import prepared
from bridge.trials.replay import OpenVoice, Replayed, replay
from bridge.trials.replay_live import replay_live
from bridge.trials.stereo import RecordingUnusable
from bridge.trials.stored import StoredCall
from bridge.wire.dialect import GA

LOCAL = "the local model, in virtual time"
RECORDINGS = "recordings"  # in the state directory
BROKEN = {Outcome.MODEL_LOST.value, Outcome.MODEL_FAILED.value}


def calls_replay(
    call: Annotated[str, typer.Argument(help="A call's id, or the JSON file of its record.")],
    agent: Annotated[str, typer.Option(help="An agent of the store, or a YAML file.")],
    draft: DRAFT = False,
    version: VERSION = None,
    real: Annotated[
        bool, typer.Option("--real", help="With the configured model, in real time.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The comparison as JSON.")] = False,
) -> None:
    """Run a stored call again with an agent: the caller says the same, functions answer the same.

    Shows both transcripts side by side and where they differ. With the local model, twice the
    same call gives twice the same. Ends with 1 when the model gave up.
    """
    settings = settings_from(telephone=False)
    if real and isinstance(settings.model, LocalSettings):
        stop("--real needs a model: set AZURE_OPENAI_ENDPOINT or OPENAI_API_KEY", USAGE)
    found = source(agent, settings, draft=draft, version=version)
    stored = _stored(call, settings)
    incoming = Incoming(stored.call_sid, stored.caller, stored.called, stored.parameters)
    agent_then, notes = prepared(found.agent, incoming, {}, stored.started_at)
    for note in notes:
        stderr.print(f"note: {note}", style="yellow", markup=False)
    replayed = _replayed(settings, replace(found, agent=agent_then), stored, real=real)
    model = settings.model.describe() if real else LOCAL
    if as_json:
        report(facts(replayed, model))
    else:
        stdout.print(columns(replayed, f"then: {stored.call_sid}", f"now: {found.title}"))
        stdout.print(f"answered by {model}", markup=False)
    raise typer.Exit(FAILED if replayed.now.outcome in BROKEN else DONE)


def _stored(call: str, settings: Settings) -> StoredCall:
    """The recording of a file is beside it, or where all are kept; ends with 2 where there is
    none."""
    recordings = settings.state_dir / RECORDINGS
    try:
        if not call.endswith(".json"):
            return stored_call(run(_record(call, settings, recordings)), recordings)
        path = Path(call)
        record = from_builtins(json.loads(path.read_text(encoding="utf-8")))
        beside = path.parent / Path(record.recording or "").name
        return stored_call(record, path.parent if beside.is_file() else recordings)
    except OSError as error:
        stop(f"{call} cannot be read ({error.strerror})", USAGE)
    except (ValueError, msgspec.ValidationError) as error:
        stop(f"{call} is not the record of a call: {error}", USAGE)
    except StoreUnavailable as error:
        stop(str(error), FAILED)
    except (RecordingUnusable, StoreProblem) as error:
        stop(str(error), USAGE)


async def _record(call: str, settings: Settings, recordings: Path) -> CallRecord:
    async with opened_store(settings) as database:
        return await CallStore(database, recordings).get(call)


def _replayed(settings: Settings, found: Source, stored: StoredCall, *, real: bool) -> Replayed:
    try:
        open_voice = _engines()
        if real:
            return run(_replay_live(settings, found, stored, open_voice))
        offered = _offered(settings, found)
        config = brief(found.agent, offered.functions, GA, settings.limits)
        return replay(stored, config, local_replies(settings), open_voice)
    except FunctionsError as error:
        stop(str(error), USAGE)
    except ModelUnavailable as error:
        stop(str(error), FAILED)


def _engines() -> OpenVoice:
    """What hears the recording; ends with 2 where it is not installed."""
    if missing := missing_packages():
        stop(f"a replay listens to the recording, and needs {', '.join(missing)}: {MEND}", USAGE)
    try:
        open_voice: OpenVoice = importlib.import_module("bridge.trials.engines").Engines().open
    except VoiceMissing as error:
        stop(str(error), USAGE)
    return open_voice


def _offered(settings: Settings, found: Source) -> Offered:
    """Functions are told of and not run."""
    timeout_s = settings.limits.function_timeout_s
    return Offered(found.agent, GivenResults(), default_timeout_s=timeout_s)


async def _replay_live(
    settings: Settings, found: Source, stored: StoredCall, open_voice: OpenVoice
) -> Replayed:
    offered = _offered(settings, found).functions
    async with endpoint.opened(settings.model) as endpoints:
        answering = endpoints.of(found.agent.model)
        config = brief(found.agent, offered, answering.dialect, settings.limits)
        timeout_s = settings.limits.model_connect_timeout_s
        return await replay_live(
            stored, config, offered, lambda: open_session(answering, timeout_s), open_voice
        )
