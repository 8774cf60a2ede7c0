"""What happened in a conversation, turn by turn, wherever it was held."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Called:
    """A function that the agent called; ``arguments`` is JSON text, as the model wrote it."""

    name: str
    arguments: str
    output: str


@dataclass
class Happened:
    """What the agent said and did about one turn of the caller."""

    caller: str | None
    said: str = ""
    calls: list[Called] = field(default_factory=list)
    reached: bool = True  # False: the call was over before


@dataclass
class Held:
    """A conversation that was held. ``outcome``: how it ended, in the words of ``Outcome``;
    ``broken``: why it could not be held to its end."""

    turns: list[Happened]
    outcome: str = ""
    broken: str = ""
    notes: list[str] = field(default_factory=list)
