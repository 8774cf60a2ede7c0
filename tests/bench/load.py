"""Many calls on one server at the same time, from this process: the load and its measure."""

import asyncio
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bridge.sim.carrier.signing import signature
from tests.bench import frames
from tests.bench.carrier_end import CarrierEnd
from tests.bench.lines import Line, Measure
from tests.bench.model_end import CYCLE_S, ModelEnd
from tests.support.ends import ACCOUNT_SID, sid
from tests.support.house import AUTH_TOKEN

SETTLE_S = 2.0  # from the last call's start to the measure
ARRIVE_S = 10.0
CLOSE_S = 10.0


@dataclass
class Sessions:
    """The model: all sessions of all servers that are measured. ``authority``: the certificate
    that its clients have to trust, where it speaks TLS."""

    origin: str  # without the scheme's "http" or "ws"
    authority: Path | None
    arriving: "asyncio.Queue[ModelEnd]"


@asynccontextmanager
async def model(authority: Path | None = None) -> AsyncIterator[Sessions]:
    """With ``authority``, a file with certificate and key, it speaks TLS."""
    loop = asyncio.get_running_loop()
    arriving: asyncio.Queue[ModelEnd] = asyncio.Queue()
    context = None
    if authority is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(authority)
    server = await loop.create_server(
        lambda: ModelEnd(arriving.put_nowait), "127.0.0.1", 0, ssl=context
    )
    port = server.sockets[0].getsockname()[1]
    try:
        yield Sessions(f"{'s' if context else ''}://127.0.0.1:{port}", authority, arriving)
    finally:
        server.close()


def make_authority(file: Path) -> Path:
    """A certificate for this machine, with its key, of a day."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        + ["-nodes", "-days", "1", "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1"]
        + ["-keyout", str(file), "-out", str(file.with_suffix(".crt"))],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file


class Load:
    """Calls of one server. Numbers must be new: a webhook that comes twice is one call."""

    def __init__(self, voice_url: str, sessions: Sessions) -> None:
        self.measured = Measure()
        self._voice_url = voice_url
        self._sessions = sessions
        self._calls: list[CarrierEnd] = []

    async def start(self, first: int, count: int, settle_s: float = SETTLE_S) -> None:
        """One after the other, so that each model session is known to be that of its call."""
        async with httpx.AsyncClient(trust_env=False) as http:
            for number in range(first, first + count):
                await self._start(http, number, (number - first) / count * CYCLE_S)
        await asyncio.sleep(settle_s)

    async def _start(self, http: httpx.AsyncClient, number: int, phase_s: float) -> None:
        line = Line(self.measured)
        media_url = await self._webhook(http, sid(number))
        parts = urlsplit(media_url)
        headers = {"X-Twilio-Signature": signature(AUTH_TOKEN, media_url)}
        request = frames.upgrade(parts.netloc, parts.path, headers)
        sids = (ACCOUNT_SID, sid(number), sid(number, "MZ"))
        _, end = await asyncio.get_running_loop().create_connection(
            lambda: CarrierEnd(line, request, sids), parts.hostname or "", parts.port or 80
        )
        self._calls.append(end)
        async with asyncio.timeout(ARRIVE_S):
            await end.open
            session = await self._sessions.arriving.get()
        session.line, session.phase_s = line, phase_s

    async def _webhook(self, http: httpx.AsyncClient, call_sid: str) -> str:
        fields = {"AccountSid": ACCOUNT_SID, "CallSid": call_sid}
        headers = {"X-Twilio-Signature": signature(AUTH_TOKEN, self._voice_url, fields.items())}
        answer = await http.post(self._voice_url, data=fields, headers=headers)
        return answer.text.partition('url="')[2].partition('"')[0]

    def measure(self) -> None:
        """From now on."""
        found = self.measured
        found.from_carrier_bytes = found.to_carrier_bytes = 0
        found.from_model_bytes = found.to_model_bytes = 0
        found.since = time.monotonic()

    @property
    def alive(self) -> int:
        return sum(not call.closed.done() for call in self._calls)

    async def stop(self) -> None:
        self.measured.since = float("inf")
        for call in self._calls:
            call.hang_up()
        async with asyncio.timeout(CLOSE_S):
            await asyncio.gather(*(call.closed for call in self._calls))
