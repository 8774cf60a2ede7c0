"""What happens in a demonstration, and what has to come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from bridge.sim.carrier.caller import AfterAgent, HangUp, OverAgent, Say, Step
from bridge.sim.recordings import Utterance, asterisk_number, asterisk_prompts, two_cities

ORDER_NUMBER = "4711"
GIVE_UP_S = 20.0  # the caller does not wait longer for an answer
ANSWERED = AfterAgent(quiet_ms=1200)  # longer than the agent's pauses between sentences


@dataclass(frozen=True)
class Expected:
    """``function`` must have been called, with ``arguments`` where they are given."""

    function: str
    arguments: Mapping[str, str] | None = None
    word_error_rate: float | None = 0.15  # at most; None: only reported
    caller_turns: int = 4
    barge_ins: int = 1
    barge_in_error_ms: float = 40.0


@dataclass(frozen=True)
class Story:
    """One call: who answers, what the caller does, and what is expected of it."""

    name: str
    agent: Path
    replies: Path
    said: tuple[Utterance, ...]
    steps: tuple[Step, ...]
    expected: Expected


def book_line() -> Story:
    """A caller reads a passage and interrupts twice.

    Raises ``VoiceMissing`` or ``RecordingMissing``.
    """
    said = two_cities()
    over = {"two_cities/2": OverAgent(4500), "two_cities/6": OverAgent(2500)}
    steps = [Say(each.ulaw, over.get(each.name, ANSWERED), each.name, GIVE_UP_S) for each in said]
    return _story("book-line", said, steps, Expected("find_passage"))


def order_line() -> Story:
    """A caller says an order number digit by digit. Raises ``RecordingMissing``."""
    said = (asterisk_number(ORDER_NUMBER), *asterisk_prompts(["auth-thankyou"]))
    steps = [Say(each.ulaw, ANSWERED, each.name, GIVE_UP_S) for each in said]
    expected = Expected(
        "find_order", {"number": ORDER_NUMBER}, word_error_rate=None, caller_turns=2, barge_ins=0
    )
    return _story("order-line", said, steps, expected)


STORIES: Mapping[str, Callable[[], Story]] = {"book-line": book_line, "order-line": order_line}


def _story(name: str, said: tuple[Utterance, ...], steps: list[Say], expected: Expected) -> Story:
    folder = Path(str(files("bridge.demo")))
    # The agent is expected to hang up; where it does not, the call must end all the same.
    last = HangUp(AfterAgent(quiet_ms=GIVE_UP_S * 1000), no_later_than_s=2 * GIVE_UP_S)
    return Story(
        name,
        folder / f"{name}.yaml",
        folder / f"{name}.replies.yaml",
        said,
        (*steps, last),
        expected,
    )
