"""One demonstration: the simulated carrier on one side, the real server on the other."""

import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.demo.evidence import Evidence
from bridge.demo.narrator import Narrator
from bridge.demo.server import running_server
from bridge.demo.story import Story
from bridge.sim.carrier.caller import ScriptedCaller
from bridge.sim.carrier.rest import RestFacade
from bridge.sim.carrier.result import CallResult
from bridge.sim.carrier.shell import place_call
from bridge.store.calls import CallStore
from bridge.store.database import Database, store_url
from bridge.store.problems import NotFound

CALLER, CALLED = "+15005550006", "+15005550001"
TIME_LIMIT_S = 150.0
LOG = "serve.log"


class CallFailed(Exception):
    """The bridge never carried the call; the text is what the carrier had to say."""


async def demonstrate(story: Story, out: Path | None, tell: Callable[[str], None]) -> Evidence:
    """The call of a story from its first ring to its end. The server's log goes to ``out``.
    Raises ``ServerFailed`` and ``CallFailed``."""
    began = time.monotonic()
    account_sid, auth_token = f"AC{secrets.token_hex(16)}", secrets.token_hex(16)
    caller = ScriptedCaller(story.steps)
    with tempfile.TemporaryDirectory(prefix="offhook-demo-") as folder:
        state = Path(folder)
        async with RestFacade(account_sid, auth_token) as rest:
            settings = {
                "OFFHOOK_AGENT": str(story.agent),
                "OFFHOOK_LOCAL_REPLIES": str(story.replies),
                "OFFHOOK_MODEL_PROVIDER": "local",
                "OFFHOOK_STATE_DIR": str(state),
                "OFFHOOK_TWILIO_API_URL": rest.url,
                "TWILIO_ACCOUNT_SID": account_sid,
                "TWILIO_AUTH_TOKEN": auth_token,
            }
            tell("the server starts, and its local model with it")
            async with running_server(settings, (out or state) / LOG, tell) as voice_url:
                tell("the phone rings")
                result = await place_call(
                    voice_url,
                    caller=Narrator(caller, {each.name: each.text for each in story.said}, tell),
                    account_sid=account_sid,
                    auth_token=auth_token,
                    from_number=CALLER,
                    to_number=CALLED,
                    rest=rest,
                    time_limit_s=TIME_LIMIT_S,
                )
                tell(f"the call is over, ended by {_ENDED_BY.get(result.ended_by, 'an error')}")
        summary = await _summary(state, result)
    seconds = time.monotonic() - began
    return Evidence(story, result, tuple(caller.records), summary, seconds)


_ENDED_BY = {
    "rest": "the agent",
    "caller": "the caller",
    "document": "the bridge's document",
    "limit": "the time limit",
}


async def _summary(state: Path, result: CallResult) -> dict[str, Any]:
    database = await Database.open(store_url(None, state))
    try:
        return (await CallStore(database, state / "recordings").get(result.call_sid)).builtins()
    except NotFound:
        found = [f"{each.code} {each.text}" for each in (*result.errors, *result.warnings)]
        raise CallFailed("; ".join([f"the call is {result.outcome}", *found])) from None
    finally:
        await database.close()
