"""What a simulated model is given to answer, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Turn:
    """One item of the conversation, as text."""

    role: str  # "system", "user", "assistant", "function_call", "function_output"
    text: str  # words; for a function call its name; for an output the output string
    call_id: str | None = None


@dataclass(frozen=True)
class Tool:
    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)  # JSON Schema


@dataclass(frozen=True)
class Context:
    """All that a response may draw on."""

    instructions: str  # of the session, or of the response where it brings its own
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...]
    tool_choice: str  # "auto", "none", "required", or the name of one function
    requested: str | None = None  # response-level instructions alone, if any


@dataclass(frozen=True)
class Spoken:
    """A message item to be said (or written, when the output is text)."""

    text: str
    duration_ms: int | None = None  # scripted voices hold to it
    stall_after_ms: int | None = None  # delivery stalls once, after this much audio ...
    stall_ms: int = 0  # ... for so long


@dataclass(frozen=True)
class FunctionCall:
    name: str
    arguments: str  # JSON text


@dataclass(frozen=True)
class Reply:
    """The output items of one response, in order."""

    items: tuple[Spoken | FunctionCall, ...]


class Mind(Protocol):
    """Decides what to answer. One per session; it may keep state."""

    def reply(self, context: Context) -> Reply: ...
