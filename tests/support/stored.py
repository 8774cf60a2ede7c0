"""Calls that were: held in virtual time and recorded, ready to be run again."""

from collections.abc import Sequence
from pathlib import Path

from bridge.agents.briefing import brief
from bridge.agents.document import Agent, load
from bridge.call.actions import RunFunction
from bridge.call.config import CallConfig
from bridge.call.tape import Reel, Tape
from bridge.recording import wav
from bridge.recording.channels import Channels
from bridge.rehearsal.cast import Cast
from bridge.rehearsal.scenario import Scenario
from bridge.rehearsal.world import World
from bridge.settings.limits import Limits
from bridge.sim.model.patterns import PatternMind
from bridge.sim.model.rules import Patterns, load_patterns
from bridge.sim.voice.scripted import ScriptedVoiceSession
from bridge.trials.conversation import GivenResults
from bridge.trials.offered import Offered
from bridge.trials.paced_caller import PacedCaller, PacedStep, When
from bridge.trials.replay import SPEAK_S, TRANSCRIBE_S, course_of
from bridge.trials.stereo import Stereo
from bridge.trials.stored import StoredCall
from bridge.trials.word_code import WordCode
from bridge.wire.dialect import GA

ORDERS = """
name: Order line
instructions: You know the state of every order.
greeting: This is the order line. What is your order number?
transcription: {model: whisper-1}
functions:
  - name: find_order
    entry_point: bridge.demo.orders:find_order
"""
REPLIES = load_patterns(r"""
rules:
  - {hears: bye, says: Goodbye., calls: end_call}
  - hears: '\d'
    says: Let me look.
    calls: find_order
    arguments: {number: "{digits}"}
  - {after: find_order, says: "Order {number} is {state}, and there is nothing more to it."}
otherwise: Please say the number of your order, digit by digit.
""")


def config_of(agent: Agent) -> CallConfig:
    offered = Offered(agent, GivenResults(), default_timeout_s=15)
    return brief(agent, offered.functions, GA, Limits())


class Words:
    """Opens voices that know the words of a call again."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.code = WordCode(texts)
        self.code.turn = len(texts) - 1

    def open(self) -> ScriptedVoiceSession:
        return ScriptedVoiceSession(self.code.transcribe)


def hold(
    said: Sequence[tuple[str, When]],
    hangs_up: When,
    *,
    document: str = ORDERS,
    replies: Patterns = REPLIES,
    output: str = '{"number":"4711","state":"sent"}',
) -> tuple[StoredCall, Words]:
    """A call in which the caller says these words, and hangs up if the agent did not."""
    words = Words([text for text, _ in said])
    steps = [PacedStep(words.code.ulaw(n), when) for n, (_, when) in enumerate(said)]
    caller = PacedCaller([*steps, PacedStep(None, hangs_up)])

    def run(asked: RunFunction) -> tuple[str, float]:
        return output, 0.5

    cast = Cast(caller, PatternMind(replies), words.open(), run)
    scenario = Scenario(
        0, config_of(load(document)), (), (), transcribe_s=TRANSCRIBE_S, speak_s=SPEAK_S
    )
    channels, both = Channels(), bytearray()

    def hand_on(reel: Reel) -> None:
        for now, event in reel:
            both.extend(channels.feed(now, event))

    tape = Tape(hand_on)
    world = World(scenario, cast, tape=tape)
    caller.watch(lambda: world.busy)
    world.run()
    tape.end(world.now)
    sound = Stereo(bytes(both[0::2]), bytes(both[1::2]))
    return StoredCall("CA" + "1" * 32, course_of(world), sound), words


def write_recording(path: Path, sound: Stereo) -> None:
    """As a recording of a call is kept: stereo 8 kHz mu-law in a WAV file."""
    samples = bytes(
        each for pair in zip(sound.caller_ulaw, sound.agent_ulaw, strict=True) for each in pair
    )
    path.write_bytes(wav.header(len(samples)) + samples)
