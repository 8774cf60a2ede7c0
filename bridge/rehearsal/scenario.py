"""What happens in one rehearsed call, all of it decided by a seed."""

import random
from dataclasses import dataclass, field

from bridge.call.config import CallConfig
from bridge.call.interruption import Interruption
from bridge.sim.carrier.caller import After, AfterAgent, HangUp, OverAgent, Say, Step
from bridge.sim.carrier.delivery import Stall
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import FunctionCall, Reply, Spoken
from bridge.sim.voice import timecode
from bridge.wire.dialect import GA, PREVIEW, PREVIEW_2024_10, Dialect
from bridge.wire.session import SessionConfig, Tool, TurnDetection
from telcodecs.g711 import ulaw_encode

CALLER_STREAM = 15  # the time code's stream number of the caller's own sound
SILENCE_MS = 500  # of the turn detection: a turn ends after so much silence


@dataclass(frozen=True)
class Network:
    """One-way delays in milliseconds; jitter comes on top, order is kept."""

    to_carrier_ms: float = 20.0
    from_carrier_ms: float = 20.0
    model_ms: float = 10.0
    jitter_ms: float = 0.0
    to_carrier_stalls: tuple[Stall, ...] = ()
    from_carrier_stalls: tuple[Stall, ...] = ()
    model_stalls: tuple[Stall, ...] = ()


@dataclass(frozen=True)
class Scenario:
    seed: int
    config: CallConfig
    steps: tuple[Step, ...]
    replies: tuple[Reply, ...]
    dialect: Dialect = GA
    network: Network = Network()
    stream: StreamProfile = StreamProfile()
    model: ModelProfile = ModelProfile()
    function_s: float = 0.2  # how long each function takes
    transcribe_s: float = 0.0  # how long the model takes to understand a turn
    speak_s: float = 0.0  # ... and to make the sound of one sentence
    limit_s: float = 120.0  # a call that goes on for longer has gone wrong
    tags: dict[str, object] = field(default_factory=dict)


def caller_says(ms: int) -> bytes:
    """Sound of the caller: time code, so that lost and doubled frames show."""
    return ulaw_encode(timecode.encode(CALLER_STREAM, ms, 8000))


def session(
    *, audio_format: str = "pcm16", server_interrupts: bool = True, creates_response: bool = True
) -> SessionConfig:
    turn = TurnDetection(
        silence_duration_ms=SILENCE_MS,
        prefix_padding_ms=300,
        threshold=0.5,
        create_response=creates_response,
        interrupt_response=server_interrupts,
    )
    look_up = Tool("look_up", "Looks something up.", {"type": "object", "properties": {}})
    return SessionConfig(
        "You are rehearsing.",
        audio_format="pcm16" if audio_format == "pcm16" else "g711_ulaw",
        turn_detection=turn,
        tools=(look_up,),
    )


def _reply(number: int, dice: random.Random) -> Reply:
    """One to four items, the odd one stalling on its way, now and then a function call."""
    items: list[Spoken | FunctionCall] = []
    for index in range(dice.choice((1, 1, 1, 2, 2, 3, 4))):
        duration_ms = dice.randrange(300, 6000)
        stalls = dice.random() < 0.2
        items.append(
            Spoken(
                f"n{number}x{index} these are the words of it and some more of them",
                duration_ms=duration_ms,
                stall_after_ms=dice.randrange(100, duration_ms) if stalls else None,
                stall_ms=dice.randrange(100, 1500) if stalls else 0,
            )
        )
    if dice.random() < 0.15:
        items.append(FunctionCall("look_up", "{}"))
    return Reply(tuple(items))


def _steps(dice: random.Random) -> tuple[Step, ...]:
    """Turns and barge-ins in any order; some of them back to back."""
    steps: list[Step] = []
    for _ in range(dice.randrange(3, 8)):
        kind = dice.random()
        when: AfterAgent | OverAgent | After
        if kind < 0.6:
            when = OverAgent(heard_ms=dice.randrange(40, 5000))
        elif kind < 0.75:
            when = After(ms=dice.randrange(100, 900))
        else:
            when = AfterAgent(quiet_ms=dice.randrange(300, 1200))
        said = caller_says(dice.randrange(200, 2000) // 20 * 20)
        steps.append(Say(said, when, no_later_than_s=8.0))
    steps.append(HangUp(AfterAgent(quiet_ms=1500), no_later_than_s=12.0))
    return tuple(steps)


def _stalls(dice: random.Random) -> tuple[Stall, ...]:
    if dice.random() < 0.8:
        return ()
    return (Stall(at_s=dice.uniform(2, 20), ms=dice.uniform(100, 1000)),)


def random_scenario(seed: int) -> Scenario:
    """Jitter, stalls, 1 to 4 items, back-to-back barge-ins, one-way delays of 0 to 150 ms, the
    server's length deficit on and off, both audio formats, all dialects."""
    dice = random.Random(seed)
    dialect = dice.choice((GA, GA, GA, PREVIEW, PREVIEW_2024_10))
    audio_format = dice.choice(("pcm16", "pcm16", "g711_ulaw"))
    one_way_ms = dice.uniform(0, 150)
    tags: dict[str, object] = {"one_way_ms": round(one_way_ms), "format": audio_format}
    return Scenario(
        seed=seed,
        config=CallConfig(
            session(audio_format=audio_format),
            greeting="Greet the caller." if dice.random() < 0.7 else None,
            interruption=Interruption(enabled=True),
        ),
        steps=_steps(dice),
        replies=tuple(_reply(number, dice) for number in range(40)),
        dialect=dialect,
        network=Network(
            to_carrier_ms=one_way_ms,
            from_carrier_ms=one_way_ms,
            model_ms=dice.uniform(1, 80),
            jitter_ms=dice.choice((0.0, 5.0, 20.0)),
            to_carrier_stalls=_stalls(dice),
            from_carrier_stalls=_stalls(dice),
            model_stalls=_stalls(dice),
        ),
        stream=StreamProfile(echo_delay_ms=dice.choice((0.0, 20.0, 40.0)), seed=seed),
        model=ModelProfile(
            speed=dice.choice((0.0, 1.2, 4.0, 10.0)),
            first_delta_ms=dice.randrange(50, 600),
            deficit_ms=dice.choice((0, 85)),
            late_delta=dice.random() < 0.5,
        ),
        tags=tags,
    )
