"""A conversation held in virtual time: a whole call, with a local model that answers by patterns.

Nothing of it is real but the call: the caller's words and the agent's are tones, the network is
a queue, time is a number. So a conversation of minutes takes a moment, and the same one again
gives the same.
"""

from collections.abc import Callable, Sequence

from bridge.call.actions import Outcome, RunFunction
from bridge.call.call import END_CALL
from bridge.call.config import CallConfig
from bridge.rehearsal.cast import Cast
from bridge.rehearsal.scenario import Scenario
from bridge.rehearsal.world import World
from bridge.sim.model.patterns import PatternMind
from bridge.sim.model.rules import Patterns
from bridge.sim.voice.scripted import ScriptedVoiceSession
from bridge.trials.conversation import Conversation
from bridge.trials.happening import Called, Happened, Held
from bridge.trials.paced_caller import PATIENCE_S, Answered, Gap, PacedCaller, PacedStep, When
from bridge.trials.word_code import WordCode

FUNCTION_S = 0.2  # of virtual time; however long one really takes
FIRST_WORDS_MS = 500.0  # where the agent does not begin
TURN_LIMIT_S = 3 * PATIENCE_S

RunsFunction = Callable[[str, str], str]  # name and arguments to output


class Rehearsed:
    """One conversation, from the first word to the end of the call: ``hold`` once."""

    def __init__(
        self,
        config: CallConfig,
        wanted: Conversation,
        replies: Patterns | None,
        run_function: RunsFunction,
    ) -> None:
        self._wanted = wanted
        texts = [turn.caller for turn in wanted.turns if turn.caller is not None]
        self._words = WordCode(texts)
        self._snapshots: list[tuple[frozenset[str], int]] = []
        caller = PacedCaller(_steps(self._words, texts, config), self._step_begins)

        def run(asked: RunFunction) -> tuple[str, float]:
            return run_function(asked.name, asked.arguments), FUNCTION_S

        voice = ScriptedVoiceSession(self._words.transcribe)
        limit_s = TURN_LIMIT_S * (len(texts) + 2)
        scenario = Scenario(0, config, (), (), limit_s=limit_s)
        self._world = World(scenario, Cast(caller, PatternMind(replies), voice, run))
        caller.watch(lambda: self._world.busy)

    def hold(self) -> tuple[Held, float]:
        """What happened, and the length of the call in seconds."""
        world = self._world.run()
        outcome = world.call.outcome
        held = Held(self._turns(), outcome.value if outcome else "")
        if outcome is None:
            held.broken = f"the call was not over after {world.now:.0f} s"
        held.notes = [f"{note.kind}: {note.detail}".rstrip(": ") for note in world.notes]
        return held, round(world.now, 3)

    def _step_begins(self, index: int) -> None:
        self._words.turn = index
        self._snapshots.append((self._said_by_now(), len(self._world.functions)))

    def _said_by_now(self) -> frozenset[str]:
        lines = self._world.call.transcript.lines()
        return frozenset(line.item_id for line in lines if line.role == "assistant")

    def _turns(self) -> list[Happened]:
        """What came between one turn of the caller and the next belongs to the first."""
        ends = [*self._snapshots, (self._said_by_now(), len(self._world.functions))]
        spans = list(zip([(frozenset[str](), 0), *ends], ends, strict=False))
        if self._wanted.turns[0].caller is not None:
            del spans[0]  # the greeting, of which nothing is expected
        turns = []
        for number, turn in enumerate(self._wanted.turns):
            happened = Happened(turn.caller, reached=number < len(spans))
            if happened.reached:
                (old, first), (new, last) = spans[number]
                happened.said = self._heard(new - old)
                happened.calls = self._calls(first, last)
            turns.append(happened)
        last_reached = [each for each in turns if each.reached][-1:]
        if self._world.call.outcome is Outcome.COMPLETED:
            for each in last_reached:
                each.calls.append(Called(END_CALL, "{}", '{"ok":true}'))
        return turns

    def _heard(self, items: frozenset[str]) -> str:
        lines = self._world.call.transcript.lines()
        return " ".join(line.heard for line in lines if line.item_id in items and line.heard)

    def _calls(self, first: int, last: int) -> list[Called]:
        done = self._world.functions[first:last]
        return [Called(each.name, each.arguments, each.output) for each in done]


def _steps(words: WordCode, texts: Sequence[str], config: CallConfig) -> list[PacedStep]:
    first: When = Gap(FIRST_WORDS_MS) if config.greeting is None else Answered()
    whens: list[When] = [first, *[Answered()] * len(texts)]
    said = [words.ulaw(turn) for turn in range(len(texts))]
    return [PacedStep(ulaw, when) for ulaw, when in zip([*said, None], whens, strict=True)]
