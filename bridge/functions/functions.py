"""Python functions that the model may call."""

import asyncio
import functools
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any, Final

import msgspec
from pydantic import BaseModel

from bridge.agents.document import FunctionSpec
from bridge.functions.allowed import Allowed
from bridge.functions.arguments import (
    ArgumentsError,
    ReadArguments,
    SignatureError,
    by_schema,
    by_signature,
)
from bridge.functions.threads import Threads, ThreadsExhausted

ENTRY_POINTS: Final = "offhook.functions"
MAX_RESULT_CHARS: Final = 8_000  # a large output eats the model's context
MAX_ERROR_CHARS: Final = 500
MAX_DESCRIPTION_CHARS: Final = 1_024
MAX_ABANDONED: Final = 8  # threads that never return, of one function

_THREADS = Threads(max_abandoned=MAX_ABANDONED)


class FunctionsError(ValueError):
    """Functions that cannot be offered, each with its name and the mend."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class NotAllowed(SignatureError):
    """A Python function that the document of a store may not name."""


@dataclass(frozen=True)
class Function:
    """``parameters`` is the JSON Schema the model is told; ``read`` turns its arguments into those
    of ``call``, which may be a plain or an async function."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    timeout_s: float
    call: Callable[..., Any]
    read: ReadArguments = field(repr=False, compare=False)


def from_python(
    call: Callable[..., Any],
    *,
    name: str,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    timeout_s: float = 15.0,
) -> Function:
    """``description`` comes from the docstring and ``parameters`` from the signature where they
    are not given. Raises ``SignatureError``."""
    told = description or _docstring(call)
    if not told:
        raise SignatureError("has no docstring; add one, or write description in the agent")
    if parameters is None:
        schema, read = by_signature(call)
        return Function(name, told, schema, timeout_s, call, read)
    return Function(name, told, parameters, timeout_s, call, by_schema(call, parameters))


def load_functions(
    specs: Iterable[FunctionSpec],
    *,
    default_timeout_s: float = 15.0,
    allowed: Allowed | None = None,
) -> dict[str, Function]:
    """The functions by name. ``allowed`` None: the document is a file of the machine's owner, and
    may name any. Raises ``FunctionsError`` with all that cannot be loaded."""
    loaded: dict[str, Function] = {}
    problems = []
    for spec in specs:
        try:
            loaded[spec.name] = from_python(
                _resolve(spec.entry_point, allowed),
                name=spec.name,
                description=spec.description,
                parameters=spec.parameters,
                timeout_s=default_timeout_s if spec.timeout_s is None else spec.timeout_s,
            )
        except SignatureError as error:
            problems.append(f"function {spec.name}: {spec.entry_point} {error}")
    if problems:
        raise FunctionsError(problems)
    return loaded


def refusal(entry_point: str, allowed: Allowed) -> str | None:
    """Why a store's document may not name it; None where it may, be it there or not."""
    try:
        _resolve(entry_point, allowed)
    except NotAllowed as error:
        return str(error)
    except SignatureError:
        return None
    return None


def unknown(name: str) -> str:
    """The text for the model where it calls a function that nobody offers."""
    return _error(f"there is no function {name}")


async def run(function: Function, arguments_json: str) -> str:
    """The text for the model, never empty and never an exception: a failure is told as
    ``{"error": …}``. May be cancelled at any time."""
    bound = asyncio.timeout(function.timeout_s)
    try:
        arguments = _decoded(function, arguments_json)
        async with bound:
            return _bounded(_text(await _called(function, arguments)))
    except ArgumentsError as error:
        return _error(f"wrong arguments: {error}")
    except ThreadsExhausted as error:
        return _error(f"{function.name} is out of order: {error}")
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return _error(f"{function.name} failed: it was cancelled")  # by itself, not by us
    except (Exception, SystemExit) as failure:
        if isinstance(failure, TimeoutError) and bound.expired():
            return _error(f"{function.name} did not answer within {function.timeout_s:g} s")
        return _error(f"{function.name} failed: {type(failure).__name__}: {failure}")


def _docstring(call: Callable[..., Any]) -> str:
    while isinstance(call, functools.partial):
        call = call.func
    return (inspect.getdoc(call) or "")[:MAX_DESCRIPTION_CHARS]


def _resolve(entry_point: str, allowed: Allowed | None) -> Callable[..., Any]:
    if ":" in entry_point:
        found = _imported(entry_point, allowed)
    else:
        found = _installed(entry_point)
    if not callable(found):
        raise SignatureError(f"is a {type(found).__name__}; name a function")
    resolved: Callable[..., Any] = found
    return resolved


def _imported(entry_point: str, allowed: Allowed | None) -> Any:
    module, _, attribute = entry_point.partition(":")
    if allowed and (told := allowed.module_problem(module, attribute)):
        raise NotAllowed(told)
    steps = _steps(module, attribute)
    if allowed and (told := allowed.found_problem(steps)):
        raise NotAllowed(told)
    return steps[-1]


def _steps(module: str, attribute: str) -> list[Any]:
    """What lies behind each name of ``attribute``, from the module on."""
    try:
        found: Any = importlib.import_module(module)
        steps = []
        for name in attribute.split("."):
            found = getattr(found, name)
            steps.append(found)
        return steps
    except ModuleNotFoundError as error:
        told = f"needs the module {error.name}, which is not there"
        raise SignatureError(f"{told}; install it, or add its folder to PYTHONPATH") from None
    except AttributeError as error:
        raise SignatureError(f"is not there ({error}); correct the name behind the colon") from None
    except (Exception, SystemExit) as error:  # somebody else's: anything can happen on import
        told = f"cannot be imported ({type(error).__name__}: {error})"
        raise SignatureError(f"{told}; correct the module") from error


def _installed(name: str) -> Any:
    group = entry_points(group=ENTRY_POINTS)
    for each in group:
        if each.name == name:
            return _imported(each.value.partition(" ")[0], None)
    known = ", ".join(sorted(group.names)) or "none"
    module, _, attribute = name.rpartition(".")
    mend = f"write {module}:{attribute}" if module else "write entry_point: package.module:name"
    raise SignatureError(f"is no entry point of {ENTRY_POINTS} (installed: {known}); {mend}")


def _decoded(function: Function, arguments_json: str) -> Mapping[str, Any]:
    try:
        arguments = msgspec.json.decode(arguments_json.strip() or "{}")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ArgumentsError(f"they are not JSON ({error})") from None
    if not isinstance(arguments, dict):
        raise ArgumentsError("they must be one JSON object")
    return function.read(arguments)


async def _called(function: Function, arguments: Mapping[str, Any]) -> Any:
    call = function.call
    if inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__):
        return await call(**arguments)
    value = await _THREADS.run(function.name, functools.partial(call, **arguments))
    return await value if inspect.isawaitable(value) else value


def _text(value: Any) -> str:
    """An empty result is told as one, for the model has to answer to it all the same."""
    if isinstance(value, str):
        text = value.encode(errors="replace").decode()  # no lone surrogates: they are not UTF-8
        return text if text.strip() else '{"result": ""}'
    if value is None:
        return '{"ok": true}'
    return msgspec.json.encode(value, enc_hook=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"its result, a {type(value).__name__}, cannot be written as JSON")


def _bounded(text: str) -> str:
    if len(text) <= MAX_RESULT_CHARS:
        return text
    return f"{text[:MAX_RESULT_CHARS]} … (cut: {MAX_RESULT_CHARS} of {len(text)} characters)"


def _error(told: str) -> str:
    text = told.encode(errors="replace").decode()
    cut = text if len(text) <= MAX_ERROR_CHARS else f"{text[:MAX_ERROR_CHARS]} …"
    return msgspec.json.encode({"error": cut}).decode()
