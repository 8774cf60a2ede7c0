"""Which functions the document of a store may name.

Whoever may write an agent into the store is not therefore allowed to run code on the server: an
entry point is any callable of any module. So the owner of the server says which modules count.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

SETTING: Final = "OFFHOOK_FUNCTIONS"
BUILT_IN: Final = ("bridge.demo.orders", "bridge.demo.books")


@dataclass(frozen=True)
class Allowed:
    """``modules`` beside the built-in ones; each counts with all that is inside it. Names of the
    entry-point group are not looked at here: who installs a package decides about them."""

    modules: Sequence[str] = ()

    def module_problem(self, module: str, attribute: str) -> str | None:
        """What is against ``module:attribute``; to be asked before anything is imported."""
        within = self._within(module)
        if within is None:
            return f"is in no module that may be used here; {self._mend(module)}"
        inside = module.removeprefix(within).split(".") + attribute.split(".")
        if private := next((each for each in inside if each.startswith("_")), None):
            return f"names {private}, which is private; name a public function"
        return None

    def found_problem(self, steps: Sequence[Any]) -> str | None:
        """``steps`` are what was found on the way from the module, the callable last: an allowed
        module is no way to those that it has imported."""
        if any(isinstance(each, ModuleType) for each in steps):
            return "goes through a module that it imports; name the function's own module"
        for each in steps:
            if inspect.isroutine(each) or inspect.isclass(each):
                module = getattr(each, "__module__", None) or "builtins"
                if self._within(module) is None:
                    return f"is of the module {module}, not its own; {self._mend(module)}"
        return None

    def _within(self, module: str) -> str | None:
        for each in (*BUILT_IN, *self.modules):
            if module == each or module.startswith(f"{each}."):
                return each
        return None

    def _mend(self, module: str) -> str:
        return f"let the owner of the server add {module} to {SETTING}"


BUILT_IN_ALONE: Final = Allowed()
