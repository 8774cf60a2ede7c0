"""A mind that answers by patterns.

In order: words it is told to say; a function it is told to call; the output of a function; its
own rules; good-bye; a function of the client's that fits; and else an answer made of what was
said. The first sentence is short: the first audio costs the first sentence.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from bridge.sim.model.arguments import Unfilled, fill, words_of
from bridge.sim.model.dictation import (
    WANTS_GREETING,
    dictated_always,
    dictated_by_request,
    dictated_greeting,
)
from bridge.sim.model.fitting import fitting
from bridge.sim.model.number_words import digit_strings
from bridge.sim.model.outputs import told
from bridge.sim.model.reply import Context, FunctionCall, Reply, Spoken, Tool, Turn
from bridge.sim.model.rules import PLACEHOLDER, Patterns, Rule

GOODBYE = re.compile(r"\b(good[\s-]?bye|bye|farewell|hang up|that is all|that's all)\b", re.I)
HELLO = re.compile(
    r"\W*(hello|hi|hey|good (morning|afternoon|evening|day))\W*(there|you)?\W*", re.I
)
HANGING_UP = {"end call", "hang up", "hangup"}
GREETING = "Hello. How can I help you?"
UNHEARD = "I am sorry. I did not hear that. Please say it again."
OPENINGS = ("I see.", "All right.", "I understand.")


class PatternMind:
    """One per session: it remembers which rules were used."""

    def __init__(self, patterns: Patterns | None = None) -> None:
        self._patterns = Patterns() if patterns is None else patterns
        self._uses: Counter[int] = Counter()
        self._answers = 0

    def reply(self, context: Context) -> Reply:
        said = _said(context)
        words = _dictated(context, said)
        if words is not None:
            return _saying(words)
        tools = {} if context.tool_choice == "none" else {each.name: each for each in context.tools}
        outputs = _outputs(context.turns)
        if outputs:
            return self._after(outputs, said or "", tools)
        forced = _forced(context.tool_choice, tools, said or "")
        if forced is not None:
            return Reply((_call(forced, said or "", guess=True),))
        if said is None:
            return _saying(GREETING)
        return self._by_rule(said, tools) or self._by_itself(said, tools)

    def _after(
        self, outputs: "list[tuple[str, str]]", said: str, tools: Mapping[str, Tool]
    ) -> Reply:
        name, output = outputs[-1]
        values = _ordinary(said) | _fields(output) | {"output": output}
        for number, rule in enumerate(self._patterns.rules):
            if rule.after == name and self._usable(number, rule, tools):
                return self._use(number, rule, values, said, tools)
        return _saying(" ".join(told(each) for _, each in outputs))

    def _by_rule(self, said: str, tools: Mapping[str, Tool]) -> Reply | None:
        for number, rule in enumerate(self._patterns.rules):
            found = next((hit for each in rule.hears if (hit := each.search(said))), None)
            if found is not None and self._usable(number, rule, tools):
                groups = {name: value or "" for name, value in found.groupdict().items()}
                return self._use(number, rule, _ordinary(said) | groups, said, tools)
        return None

    def _usable(self, number: int, rule: Rule, tools: Mapping[str, Tool]) -> bool:
        spent = rule.once and self._uses[number] > 0
        return not spent and (rule.calls is None or rule.calls in tools)

    def _use(
        self,
        number: int,
        rule: Rule,
        values: Mapping[str, str],
        said: str,
        tools: Mapping[str, Tool],
    ) -> Reply:
        items: list[Spoken | FunctionCall] = []
        if rule.says:
            text = rule.says[min(self._uses[number], len(rule.says) - 1)]
            items.append(Spoken(_filled(text, values)))
        if rule.calls is not None and rule.arguments is not None:
            arguments = {name: _filled(value, values) for name, value in rule.arguments.items()}
            items.append(FunctionCall(rule.calls, json.dumps(arguments)))
        elif rule.calls is not None:
            items.append(_call(tools[rule.calls], said, guess=True))
        self._uses[number] += 1
        return Reply(tuple(items))

    def _by_itself(self, said: str, tools: Mapping[str, Tool]) -> Reply:
        if not said.strip():
            return _saying(UNHEARD)
        if GOODBYE.search(said):
            return _goodbye(said, tools)
        if HELLO.fullmatch(said):
            return _saying(GREETING)
        tool = fitting(
            (each for each in tools.values() if words_of(each.name) not in HANGING_UP), said
        )
        if tool is not None:
            try:
                return Reply((_call(tool, said),))
            except Unfilled as missing:
                return _saying(f"Of course. What is the {missing}?")
        return self._made_of(said)

    def _made_of(self, said: str) -> Reply:
        otherwise = self._patterns.otherwise
        use, self._answers = self._answers, self._answers + 1
        if otherwise:
            return _saying(_filled(otherwise[min(use, len(otherwise) - 1)], _ordinary(said)))
        text = said.strip()
        closed = text if text[-1] in ".!?" else f"{text}."
        return _saying(f"{OPENINGS[use % len(OPENINGS)]} You said: {closed}")


def _dictated(context: Context, said: str | None) -> str | None:
    """The words that must be said, whatever else there is."""
    last = context.turns[-1] if context.turns else None
    return (
        _requested(context)
        or (dictated_always(last.text) if last and last.role in ("user", "system") else None)
        or (dictated_greeting(context.instructions) if said is None else None)
        or dictated_always(context.instructions)
    )


def _requested(context: Context) -> str | None:
    if context.requested is None:
        return None
    words = dictated_by_request(context.requested)
    if words is None and WANTS_GREETING.search(context.requested):
        return dictated_greeting(context.instructions) or GREETING
    return words


def _said(context: Context) -> str | None:
    return next((each.text for each in reversed(context.turns) if each.role == "user"), None)


def _outputs(turns: tuple[Turn, ...]) -> list[tuple[str, str]]:
    """Function and output of the outputs that nothing has been said about yet, oldest first."""
    names = {each.call_id: each.text for each in turns if each.role == "function_call"}
    last = takewhile(lambda turn: turn.role == "function_output", reversed(turns))
    return [(names.get(each.call_id, ""), each.text) for each in last][::-1]


def _forced(choice: str, tools: Mapping[str, Tool], said: str) -> Tool | None:
    if choice == "required" and tools:
        return fitting(tools.values(), said) or next(iter(tools.values()))
    return tools.get(choice)


def _call(tool: Tool, said: str, *, guess: bool = False) -> FunctionCall:
    return FunctionCall(tool.name, json.dumps(fill(tool.parameters, said, guess=guess)))


def _goodbye(said: str, tools: Mapping[str, Tool]) -> Reply:
    for tool in tools.values():
        if words_of(tool.name) in HANGING_UP:
            return Reply((Spoken("Goodbye."), _call(tool, said, guess=True)))
    return _saying("Goodbye. Thank you for calling.")


def _saying(text: str) -> Reply:
    return Reply((Spoken(text),))


def _ordinary(said: str) -> dict[str, str]:
    return {"heard": said, "digits": next(iter(digit_strings(said)), "")}


def _fields(output: str) -> dict[str, str]:
    """The top level of an output that is a JSON object, as texts."""
    try:
        value = json.loads(output)
    except ValueError:
        return {}
    return {name: str(each) for name, each in value.items()} if isinstance(value, dict) else {}


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    """Placeholders replaced; a field that an output lacks leaves nothing."""
    if not isinstance(value, str):
        return value
    return PLACEHOLDER.sub(lambda found: values.get(found[1], ""), value)
