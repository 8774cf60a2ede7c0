"""Python functions that the model may call."""

from bridge.functions.allowed import BUILT_IN_ALONE, Allowed
from bridge.functions.functions import (
    Function,
    FunctionsError,
    from_python,
    load_functions,
    run,
    unknown,
)

__all__ = [
    "BUILT_IN_ALONE",
    "Allowed",
    "Function",
    "FunctionsError",
    "from_python",
    "load_functions",
    "run",
    "unknown",
]
