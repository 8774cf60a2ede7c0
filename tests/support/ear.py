"""A recording beside what the caller's ear truly got."""

from dataclasses import dataclass, field

from bridge.call.tape import Reel, Tape
from bridge.recording.channels import Channels
from bridge.rehearsal.scenario import Scenario
from bridge.rehearsal.world import World
from telcodecs.g711 import BYTES_PER_MS, FRAME_BYTES, ULAW_SILENCE

TICK_MS = 20
NEAR_BYTES = 2_000 * BYTES_PER_MS
SILENT = bytes([ULAW_SILENCE])


@dataclass
class Recorded:
    """One rehearsed call and the recording of its tape. Offsets are milliseconds, positive where
    the recording is late."""

    world: World
    left: bytes = b""
    right: bytes = b""
    most_held_bytes: int = 0
    offsets_ms: list[float] = field(default_factory=list)  # of each packet of 20 ms heard
    missing_ms: float = 0.0  # heard, and not on the recording
    heard_ms: float = 0.0
    recorded_ms: float = 0.0  # all of the right channel that is not silence

    @property
    def extra_ms(self) -> float:
        return self.recorded_ms - (self.heard_ms - self.missing_ms)


def recorded(scenario: Scenario) -> Recorded:
    events: Reel = []
    world = World(scenario, tape=Tape(events.extend)).run()
    channels, sound = Channels(), bytearray()
    result = Recorded(world)
    for at, event in events:
        sound += channels.feed(at, event)
        result.most_held_bytes = max(result.most_held_bytes, channels.held_bytes)
    result.left, result.right = bytes(sound[0::2]), bytes(sound[1::2])
    result.recorded_ms = _sounding_ms(result.right)
    _compare(result)
    return result


def _sounding_ms(ulaw: bytes) -> float:
    return (len(ulaw) - ulaw.count(SILENT)) / BYTES_PER_MS


def _compare(result: Recorded) -> None:
    carrier, stream = result.world.carrier, result.world.scenario.stream
    ticks = -(-stream.start_delay_ms // TICK_MS)  # before the first frame of the caller
    # A packet leaves at a tick and is heard until the next one. The frame that leaves with it is
    # what the caller has said until then, so the sound of the same moment is in the frame behind.
    first = (stream.first_timestamp_ms - ticks * TICK_MS + TICK_MS) * BYTES_PER_MS
    received, right = carrier.received, result.right
    for run in carrier.played:
        for at in range(0, run.n_bytes - FRAME_BYTES + 1, FRAME_BYTES):
            start = run.position_bytes + at
            packet = received[start : start + FRAME_BYTES]
            true = first + run.heard_bytes + at
            if true + FRAME_BYTES > len(right):
                break  # behind the end of the call as the bridge knows it
            if _sounding_ms(packet) < 10:
                continue
            result.heard_ms += _sounding_ms(packet)
            found = _nearest(right, packet, true)
            if found is None:
                result.missing_ms += _sounding_ms(packet)
            else:
                result.offsets_ms.append((found - true) / BYTES_PER_MS)


def _nearest(sound: bytes, packet: bytes, at: int) -> int | None:
    low = max(0, at - NEAR_BYTES)
    window = sound[low : at + NEAR_BYTES]
    places, found = [], window.find(packet)
    while found >= 0:
        places.append(low + found)
        found = window.find(packet, found + 1)
    return min(places, key=lambda place: abs(place - at), default=None)
