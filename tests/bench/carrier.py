"""One stream of the simulated carrier over a real socket, with the time of each message."""

import asyncio
import time
from dataclasses import dataclass, field

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bridge.sim.carrier.caller import At, HangUp, Say, ScriptedCaller
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.carrier.signing import signature
from bridge.sim.carrier.stream import MediaStream
from bridge.sim.voice import timecode
from telcodecs.g711 import ulaw_encode
from tests.support.ends import ACCOUNT_SID, sid
from tests.support.house import AUTH_TOKEN

CALLER_STREAM = 15
WARM_S = 0.4  # from the webhook's answer to the media socket: the model connects meanwhile
STREAM = StreamProfile(start_delay_ms=20, echo_delay_ms=0.0)


@dataclass
class Carried:
    """Monotonic seconds. ``media_at`` are the times of the caller's frames, in order."""

    stream: MediaStream
    started_at: float = 0.0
    first_audio_at: float | None = None
    media_at: list[float] = field(default_factory=list)
    clear_at: list[float] = field(default_factory=list)


async def stream_url(origin: str, number: int) -> str:
    """The webhook of a call that comes in."""
    fields = {"AccountSid": ACCOUNT_SID, "CallSid": sid(number)}
    url = f"{origin}/twilio/voice"
    headers = {"X-Twilio-Signature": signature(AUTH_TOKEN, url, fields.items())}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(url, data=fields, headers=headers)
    return answer.text.partition('url="')[2].partition('"')[0]


async def carry(origin: str, number: int, seconds: float) -> Carried:
    """A call of so many seconds; the caller's sound is time code all the while."""
    words = ulaw_encode(timecode.encode(CALLER_STREAM, round(seconds * 1000) - 200, 8000))
    url = await stream_url(origin, number)
    await asyncio.sleep(WARM_S)
    stream = MediaStream(
        account_sid=ACCOUNT_SID,
        call_sid=sid(number),
        stream_sid=sid(number, "MZ"),
        parameters={},
        caller=ScriptedCaller([Say(words, At(0.0)), HangUp(At(seconds))]),
        profile=STREAM,
    )
    carried = Carried(stream)
    headers = {"X-Twilio-Signature": signature(AUTH_TOKEN, url)}
    async with connect(url, additional_headers=headers, compression=None, proxy=None) as socket:
        carried.started_at = time.monotonic()
        await _send(socket, carried, stream.open(carried.started_at))
        reading = asyncio.create_task(_read(socket, carried))
        while (due := stream.deadline()) is not None:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await _send(socket, carried, stream.tick(time.monotonic()))
        reading.cancel()
    return carried


async def _send(socket: ClientConnection, carried: Carried, frames: list[str]) -> None:
    for frame in frames:
        if frame.startswith('{"event":"media"'):
            carried.media_at.append(time.monotonic())
        await socket.send(frame)


async def _read(socket: ClientConnection, carried: Carried) -> None:
    try:
        while True:
            frame = await socket.recv()
            now = time.monotonic()
            text = frame if isinstance(frame, str) else frame.decode()
            if carried.first_audio_at is None and text.startswith('{"event":"media"'):
                carried.first_audio_at = now
            if text.startswith('{"event":"clear"'):
                carried.clear_at.append(now)
            await _send(socket, carried, carried.stream.receive(text, now))
    except ConnectionClosed:
        return
