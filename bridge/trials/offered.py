"""The functions of an agent, with results that were given in place of running them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from bridge.agents.document import Agent, FunctionSpec
from bridge.functions import Function, load_functions
from bridge.trials.conversation import GivenResults

NOTHING_GIVEN: Final = '{"ok":true}'  # what a function that returns nothing answers


class Offered:
    """What one conversation offers the model. ``notes`` tells what was asked for and not given.

    A function that is not run is not even imported, if its document names description and
    parameters. Raises ``FunctionsError``.
    """

    def __init__(self, agent: Agent, given: GivenResults, *, default_timeout_s: float) -> None:
        self.notes: list[str] = []
        self._given = given
        self._calls: Counter[str] = Counter()
        known = [spec for spec in agent.functions if not _to_be_loaded(spec, given)]
        loaded = load_functions(
            (spec for spec in agent.functions if spec not in known),
            default_timeout_s=default_timeout_s,
        )
        stand_ins = {spec.name: self._declared(spec, default_timeout_s) for spec in known}
        stand_ins |= {
            name: self._stand_in(name, each.description, each.parameters, each.timeout_s)
            for name, each in loaded.items()
            if not given.runs(name)
        }
        every = loaded | stand_ins
        self.functions = {spec.name: every[spec.name] for spec in agent.functions}
        unknown = sorted((set(given.results) | (given.real or set())) - set(every))
        self.notes += [f"the agent has no function {name}" for name in unknown]

    def _declared(self, spec: FunctionSpec, default_timeout_s: float) -> Function:
        timeout_s = default_timeout_s if spec.timeout_s is None else spec.timeout_s
        return self._stand_in(spec.name, spec.description or "", spec.parameters or {}, timeout_s)

    def _stand_in(
        self, name: str, description: str, parameters: Mapping[str, Any], timeout_s: float
    ) -> Function:
        async def call(**_: Any) -> str:
            return self._next(name)

        return Function(name, description, parameters, timeout_s, call, lambda given: given)

    def _next(self, name: str) -> str:
        results = self._given.results.get(name)
        if not results:
            note = f"{name} was called, and the test gives no result for it: it answered ok"
            if note not in self.notes:
                self.notes.append(note)
            return NOTHING_GIVEN
        number = self._calls[name]
        self._calls[name] += 1
        return results[min(number, len(results) - 1)]


def _to_be_loaded(spec: FunctionSpec, given: GivenResults) -> bool:
    declared = spec.description is not None and spec.parameters is not None
    return given.runs(spec.name) or not declared
