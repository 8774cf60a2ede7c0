"""Python functions that the model may call."""

from bridge.functions.functions import (
    Function,
    FunctionsError,
    from_python,
    load_functions,
    run,
)

__all__ = ["Function", "FunctionsError", "from_python", "load_functions", "run"]
