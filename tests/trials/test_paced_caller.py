"""A caller who lets the agent finish."""

from collections.abc import Sequence

from bridge.sim.carrier.line import FRAME_BYTES, SILENT_FRAME, TICK_S
from bridge.trials.paced_caller import Answered, Gap, Over, PacedCaller, PacedStep

LOUD = bytes([0x20]) * FRAME_BYTES
WORDS = bytes([0x30]) * FRAME_BYTES * 5  # 100 ms


class Line:
    """Ticks of 20 ms, in which the agent is loud, quiet, or quiet with something to come."""

    def __init__(self, steps: Sequence[PacedStep]) -> None:
        self.began: list[int] = []
        self.caller = PacedCaller(steps, self.began.append)
        self.busy = False
        self.caller.watch(lambda: self.busy)
        self.ticks = 0
        self.said: list[int] = []  # ticks in which the caller spoke

    def run(self, ms: int, heard: bytes, *, busy: bool = False) -> "Line":
        self.busy = busy
        for _ in range(ms // 20):
            frame = self.caller.frame(self.ticks * TICK_S, heard)
            if frame != SILENT_FRAME:
                self.said.append(self.ticks)
            self.ticks += 1
        return self

    @property
    def first_ms(self) -> int:
        return self.said[0] * 20


def test_it_speaks_a_pause_after_the_answer() -> None:
    line = Line([PacedStep(WORDS, Answered(700))])
    line.run(1000, LOUD, busy=True).run(2000, SILENT_FRAME)
    assert line.first_ms == 1000 + 700 - 20
    assert len(line.said) == 5
    assert line.caller.records[0].how == "as planned"


def test_a_silence_in_which_something_is_still_to_come_is_not_the_end() -> None:
    line = Line([PacedStep(WORDS, Answered(700))])
    line.run(1000, LOUD, busy=True).run(3000, SILENT_FRAME, busy=True)
    assert line.said == []
    line.run(1000, LOUD, busy=True).run(1000, SILENT_FRAME)
    assert line.first_ms == 5000 + 700 - 20


def test_what_is_left_of_a_cut_answer_is_no_answer() -> None:
    line = Line([PacedStep(WORDS, Over(500)), PacedStep(WORDS, Answered(300))])
    line.run(660, LOUD, busy=True).run(2000, SILENT_FRAME)
    assert [each.index for each in line.caller.records] == [0]
    assert line.began == [0]


def test_it_cuts_the_agent_short_where_that_was_planned() -> None:
    line = Line([PacedStep(WORDS, Over(500))]).run(1000, LOUD, busy=True)
    assert line.first_ms == 500 - 20
    assert line.caller.records[0].heard_ms == 500


def test_an_answer_too_short_to_be_cut_is_let_end() -> None:
    line = Line([PacedStep(WORDS, Over(2500))])
    line.run(1000, LOUD, busy=True).run(2000, SILENT_FRAME)
    assert line.first_ms == 1000 + 500 - 20
    assert line.caller.records[0].how == "the answer was shorter"


def test_a_gap_counts_from_its_own_last_words() -> None:
    line = Line([PacedStep(WORDS, Gap(200)), PacedStep(WORDS, Gap(400))])
    line.run(2000, SILENT_FRAME, busy=True)
    assert line.said == [*range(10, 15), *range(35, 40)]
    assert line.caller.done


def test_a_silent_agent_is_not_waited_for_for_ever() -> None:
    line = Line([PacedStep(WORDS, Answered(), patience_s=2.0), PacedStep(None, Gap(0))])
    line.run(1000, SILENT_FRAME, busy=True).run(3000, SILENT_FRAME)
    assert line.first_ms == 1000 + 2000 - 20
    assert line.caller.records[0].how == "no answer"
    assert line.caller.hung_up
    assert line.began == [0, 1]


def test_an_agent_that_never_ends_is_interrupted_in_the_end() -> None:
    line = Line([PacedStep(WORDS, Answered())])
    line.run(200_000, LOUD, busy=True)
    assert line.first_ms == 180_000
    assert line.caller.records[0].how == "no answer"


def test_a_long_answer_is_waited_for() -> None:
    line = Line([PacedStep(WORDS, Answered(), patience_s=2.0)])
    line.run(60_000, LOUD, busy=True).run(2000, SILENT_FRAME)
    assert line.caller.records[0].how == "as planned"
