"""The server with one fault planted: python -m tests.sim.load.faulty FAULT serve --port 0 --json"""

import asyncio
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

import bridge.cli.serve
from bridge.cli import main
from bridge.transport.carrier import CarrierPeer
from bridge.transport.model import ModelPeer
from bridge.transport.socket import Frame, SocketClosed
from bridge.wire.dialect import Truncate
from bridge.wire.twilio import Clear, Media
from telcodecs.g711 import ulaw_decode, ulaw_encode

TOO_MUCH_MS = 500
HELD_AFTER_BYTES, HELD_S = 4000, 1.0  # in the midst of the greeting, and for how long
LEFTOVER = 25  # frames
BLOCK_S, BLOCK_EACH_S = 0.05, 0.25
LOST_EACH = 40
KEPT_BYTES, PAUSE_S = 6400, 0.5  # of an answer, and what is between two


def plant(owner: Any, name: str, fault: Callable[..., Any]) -> None:
    """``fault`` is called as the method is, behind the true method itself."""
    true = getattr(owner, name)
    setattr(owner, name, lambda *arguments: fault(true, *arguments))


def truncation(true: Callable[..., None], peer: ModelPeer, messages: Sequence[Any]) -> None:
    """The model is told of more than was heard."""
    true(peer, [_more(each) if isinstance(each, Truncate) else each for each in messages])


def _more(told: Truncate) -> Truncate:
    return msgspec.structs.replace(told, audio_end_ms=told.audio_end_ms + TOO_MUCH_MS)


sent: WeakKeyDictionary[CarrierPeer, list[Any]] = WeakKeyDictionary()


@dataclass
class Hold:
    """What of a call waits; None: nothing does."""

    audio_bytes: int = 0  # that went before
    waiting: list[Any] | None = None


holds: WeakKeyDictionary[CarrierPeer, Hold] = WeakKeyDictionary()


def gap(true: Callable[..., None], peer: CarrierPeer, messages: Sequence[Any]) -> None:
    """Once in a call everything waits."""
    hold = holds.setdefault(peer, Hold())
    if hold.waiting is not None:
        hold.waiting += messages
        return
    true(peer, messages)
    before = hold.audio_bytes
    hold.audio_bytes += sum(len(each.payload) for each in messages if isinstance(each, Media))
    if before < HELD_AFTER_BYTES <= hold.audio_bytes:
        hold.waiting = []
        asyncio.get_running_loop().call_later(HELD_S, _let_go, true, peer, hold)


def _let_go(true: Callable[..., None], peer: CarrierPeer, hold: Hold) -> None:
    held, hold.waiting = hold.waiting, None
    try:
        true(peer, held)
    except SocketClosed:
        return


def stale(true: Callable[..., None], peer: CarrierPeer, messages: Sequence[Any]) -> None:
    """What was sent last comes again after a clear."""
    true(peer, messages)
    media = sent.setdefault(peer, [])
    media += [each for each in messages if isinstance(each, Media)]
    if any(isinstance(each, Clear) for each in messages):
        true(peer, media[-LEFTOVER:])


def lost(true: Callable[..., None], peer: CarrierPeer, frames: Sequence[Frame]) -> None:
    """Now and then a frame of the caller is forgotten."""
    media = sent.setdefault(peer, [])
    kept = []
    for frame in frames:
        text = frame if isinstance(frame, str) else bytes(frame).decode()
        media.append(None)
        if '"event":"media"' not in text or len(media) % LOST_EACH:
            kept.append(frame)
    true(peer, kept)


def tail(true: Callable[..., None], peer: CarrierPeer, messages: Sequence[Any]) -> None:
    """The end of each answer is forgotten."""
    answer = answers.setdefault(peer, Answer())
    kept = []
    for each in messages:
        if isinstance(each, Media):
            answer = answer.with_more(len(each.payload), time.monotonic())
        if not isinstance(each, Media) or answer.audio_bytes <= KEPT_BYTES:
            kept.append(each)
    answers[peer] = answer
    true(peer, kept)


@dataclass(frozen=True)
class Answer:
    """How much of it went, and when that was; a pause is before the next."""

    audio_bytes: int = 0
    at: float = 0.0

    def with_more(self, n_bytes: int, now: float) -> "Answer":
        return Answer(n_bytes + (self.audio_bytes if now - self.at < PAUSE_S else 0), now)


answers: WeakKeyDictionary[CarrierPeer, Answer] = WeakKeyDictionary()


def noise(true: Callable[..., None], peer: CarrierPeer, messages: Sequence[Any]) -> None:
    """The agent's sound is another."""
    true(peer, [_with(each, lambda ulaw: random.randbytes(len(ulaw))) for each in messages])


def _faint(ulaw: bytes) -> bytes:
    pcm = np.frombuffer(ulaw_decode(ulaw), "<i2")
    return ulaw_encode((pcm // 10).astype("<i2").tobytes())


def _with(message: Any, sound: Callable[[bytes], bytes]) -> Any:
    if not isinstance(message, Media):
        return message
    return msgspec.structs.replace(message, payload=sound(message.payload))


def faint_caller(true: Callable[..., None], peer: CarrierPeer, listen: Any, closed: Any) -> None:
    """The caller's sound is 20 dB less."""

    def listens(events: Sequence[Any]) -> None:
        listen([_with(each, _faint) for each in events])

    true(peer, listens, closed)


def unasked(true: Callable[..., None], peer: CarrierPeer, messages: Sequence[Any]) -> None:
    """In the midst of the greeting the rest is cleared."""
    true(peer, messages)
    hold = holds.setdefault(peer, Hold())
    before = hold.audio_bytes
    hold.audio_bytes += sum(len(each.payload) for each in messages if isinstance(each, Media))
    if before < HELD_AFTER_BYTES <= hold.audio_bytes:
        true(peer, [Clear()])


async def block(true: Callable[..., Any], *arguments: Any) -> None:
    """The event loop stands still, again and again."""
    loop = asyncio.get_running_loop()

    def stand_still() -> None:
        time.sleep(BLOCK_S)
        loop.call_later(BLOCK_EACH_S, stand_still)

    loop.call_later(BLOCK_EACH_S, stand_still)
    await true(*arguments)


PLANTED: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "truncation": (ModelPeer, "send", truncation),
    "gap": (CarrierPeer, "send", gap),
    "stale": (CarrierPeer, "send", stale),
    "tail": (CarrierPeer, "send", tail),
    "noise": (CarrierPeer, "send", noise),
    "faint_caller": (CarrierPeer, "listen", faint_caller),
    "unasked": (CarrierPeer, "send", unasked),
    "lost": (CarrierPeer, "heard", lost),
    "block": (bridge.cli.serve, "_serve", block),
}

if __name__ == "__main__":
    plant(*PLANTED[sys.argv.pop(1)])
    main()
