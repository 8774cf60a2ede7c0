"""The server on a loopback port, in the test's own loop, with a simulated model behind it."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import connect

from bridge.serving import Server, listen, server
from bridge.settings import Settings
from bridge.sim.carrier.caller import Caller
from bridge.sim.carrier.profile import INSTANT
from bridge.sim.carrier.rest import RestFacade
from bridge.sim.carrier.result import CallResult
from bridge.sim.carrier.shell import place_call
from bridge.sim.carrier.signing import signature
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import Reply, Spoken
from bridge.sim.model.scripted import Script, ScriptedMind
from bridge.sim.model.server import Serving, serve
from bridge.sim.voice.scripted import ScriptedVoice
from tests.support.ends import ACCOUNT_SID, sid

AUTH_TOKEN = "tok_0123456789abcdef"
QUICK = ModelProfile(first_delta_ms=20, transcription_delays_ms=(10,))
HELLO = (Reply((Spoken("hello", duration_ms=400),)),)
NOBODY_URL = "http://127.0.0.1:9"
FROM, TO = "+15005550006", "+15005550001"


def start(number: int, account_sid: str = ACCOUNT_SID) -> str:
    """The first message on the stream of a call."""
    stream_sid = sid(number, "MZ")
    body = {
        "accountSid": account_sid,
        "callSid": sid(number),
        "streamSid": stream_sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {},
    }
    message = {"event": "start", "sequenceNumber": "1", "streamSid": stream_sid, "start": body}
    return json.dumps(message)


@dataclass
class House:
    server: Server
    model: Serving
    state_dir: Path
    http: httpx.AsyncClient
    port: int
    opened: int = 0  # model sessions, since the house stands

    @property
    def origin(self) -> str:
        return self.server.origin

    async def post(
        self,
        path: str,
        changes: Mapping[str, str | None] | None = None,
        *,
        signed: str | None = AUTH_TOKEN,
        body: bytes | None = None,
    ) -> httpx.Response:
        """A webhook of call 1; ``changes`` are fields, None leaves one out."""
        told = {
            "AccountSid": ACCOUNT_SID,
            "CallSid": sid(1),
            "From": FROM,
            "To": TO,
            "CallStatus": "ringing",
            "ForwardedFrom": "",
            **(changes or {}),
        }
        fields = {name: value for name, value in told.items() if value is not None}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if signed is not None:
            url = self.origin + path
            headers["X-Twilio-Signature"] = signature(signed, url, fields.items())
        content = urlencode(fields).encode() if body is None else body
        return await self.http.post(path, content=content, headers=headers)

    async def stream_url(self, number: int = 1) -> str:
        """Of a call that has just come in."""
        answer = await self.post("/twilio/voice", {"CallSid": sid(number)})
        return answer.text.partition('url="')[2].partition('"')[0]

    def media(self, url: str, *, signed: str | None = None, **options: Any) -> connect:
        """The carrier's client; ``signed``: the URL it signs, where that is another one."""
        return connect(
            url,
            additional_headers={"X-Twilio-Signature": signature(AUTH_TOKEN, signed or url)},
            user_agent_header="Twilio.TmeWs/1.0",
            compression=None,
            proxy=None,
            **options,
        )

    async def call(self, caller: Caller, **options: Any) -> CallResult:
        return await place_call(
            f"{self.origin}/twilio/voice",
            caller=caller,
            account_sid=ACCOUNT_SID,
            auth_token=AUTH_TOKEN,
            from_number=FROM,
            to_number=TO,
            **{"profile": INSTANT, "time_limit_s": 30.0, **options},
        )


async def until(true: Callable[[], object]) -> None:
    """Soon, or the test fails."""
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true within 5 s")


def environ(model_url: str, state_dir: Path, **more: str) -> dict[str, str]:
    """Of a server with this model behind it, and with no carrier's API."""
    return {
        "OFFHOOK_PORT": "0",
        "OFFHOOK_STATE_DIR": str(state_dir),
        "OFFHOOK_DRAIN_TIMEOUT_S": "0",
        "OFFHOOK_MODEL_PROVIDER": "openai",
        "OFFHOOK_TWILIO_API_URL": NOBODY_URL,
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": f"{model_url}/v1",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        **more,
    }


class Bugs(logging.Handler):
    """What the server logs as an error, it should not have met."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(logging.Formatter().format(record))


@contextmanager
def no_bugs(expected: Sequence[str] = ()) -> Iterator[None]:
    """``expected`` are beginnings of what may be told."""
    bugs = Bugs()
    logging.getLogger().addHandler(bugs)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(bugs)
    told = [each for each in bugs.told if not each.startswith(tuple(expected))]
    assert not told, "\n".join(told)


@asynccontextmanager
async def standing(
    state_dir: Path,
    more: Mapping[str, str] | None = None,
    *,
    script: Sequence[Reply] | Script = HELLO,
    profile: ModelProfile = QUICK,
    expected: Sequence[str] = (),
) -> AsyncIterator[House]:
    """Up and ready; ended at the end, without a drain. ``more`` are settings, ``expected`` are
    beginnings of errors that may be in the log. To the carrier's API each call is over."""
    minds = 0

    def mind() -> ScriptedMind:
        nonlocal minds
        minds += 1
        house.opened = minds
        return ScriptedMind(script)

    with no_bugs(expected):
        async with (
            RestFacade(ACCOUNT_SID, AUTH_TOKEN) as rest,
            serve(
                "127.0.0.1", 0, voice=ScriptedVoice(), mind_factory=mind, profile=profile
            ) as model,
        ):
            told = {"OFFHOOK_TWILIO_API_URL": rest.url, **(more or {})}
            settings = Settings.from_env(environ(model.http_url, state_dir, **told))
            listening = listen(settings.host, settings.port)
            async with server(settings, listening) as bound:
                is_ready = asyncio.Event()
                running = asyncio.create_task(
                    bound.run_until_stopped(listening, lambda _: is_ready.set())
                )
                await is_ready.wait()
                port = listening.getsockname()[1]
                try:
                    async with httpx.AsyncClient(
                        base_url=f"http://127.0.0.1:{port}", trust_env=False
                    ) as http:
                        house = House(bound, model, state_dir, http, port)
                        yield house
                finally:
                    bound.stop()
                    await running
