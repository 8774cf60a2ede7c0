"""The arguments of a Python function, as a model is told of them and as they come back."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from bridge.agents.schema import mismatch

ReadArguments = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class ArgumentsError(ValueError):
    """Arguments that do not fit, in words a model can act on."""


class SignatureError(ValueError):
    """A Python function that cannot be offered to a model, with the mend."""


def by_schema(call: Callable[..., Any], schema: Mapping[str, Any]) -> ReadArguments:
    """Reads arguments by a JSON Schema that somebody wrote and that ``call`` has to agree with.

    What it answers raises ``ArgumentsError``. Raises ``SignatureError`` itself.
    """
    parameters = _signature(call).parameters.values()
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters)
    named = {each.name: each for each in parameters if each.kind is not each.VAR_KEYWORD}
    for name in schema.get("properties", {}):
        if name not in named and not takes_all:
            raise SignatureError(f"does not take '{name}'; add it there, or remove it here")
    for name, each in named.items():
        if each.default is each.empty and name not in schema.get("required", []):
            raise SignatureError(f"needs '{name}'; list it under required, or give it a default")

    def read(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        told = mismatch(dict(arguments), schema)
        unknown = [] if takes_all else [name for name in arguments if name not in named]
        if told is None and unknown:
            told = f"{', '.join(unknown)}: not known; known are {', '.join(named) or 'none'}"
        if told is not None:
            raise ArgumentsError(told)
        return arguments

    return read


def by_signature(call: Callable[..., Any]) -> tuple[dict[str, Any], ReadArguments]:
    """JSON Schema and reading, both from the types of ``call``'s parameters.

    Errors as with ``by_schema``; what was read has the types of the signature, and its defaults.
    """
    signature = _signature(call)
    for each in signature.parameters.values():
        if each.kind is each.VAR_KEYWORD:
            raise SignatureError(f"takes **{each.name}; name each parameter, or write parameters")
        if each.annotation is each.empty:
            raise SignatureError(f"'{each.name}' has no type; annotate it, or write parameters")
    try:
        adapter = TypeAdapter[dict[str, Any]](_captured(signature))
        schema = _untitled(adapter.json_schema())
    except (PydanticUserError, NameError, TypeError) as error:
        told = str(error).splitlines()[0]
        raise SignatureError(f"has types that JSON cannot carry ({told}); use others") from None

    def read(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return adapter.validate_python(dict(arguments))
        except ValidationError as error:
            raise ArgumentsError(_told(error)) from None

    return schema, read


def _captured(signature: inspect.Signature) -> Any:
    """A function with that signature which only answers its arguments: what pydantic checks."""

    def captured(**arguments: Any) -> dict[str, Any]:
        return arguments

    parameters = signature.parameters.values()
    captured.__dict__["__signature__"] = signature.replace(return_annotation=Any)
    captured.__annotations__ = {each.name: each.annotation for each in parameters}
    return captured


def _untitled(schema: Any) -> Any:
    """Without pydantic's titles, which repeat the names and cost tokens."""
    if isinstance(schema, list):
        return [_untitled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key != "title"}
    for key in kept.keys() & {"properties", "$defs"}:  # here the keys are names
        kept[key] = {name: _untitled(each) for name, each in kept[key].items()}
    for key in kept.keys() & {"items", "anyOf", "oneOf", "allOf", "additionalProperties"}:
        kept[key] = _untitled(kept[key])
    return kept


def _told(error: ValidationError) -> str:
    """Without the values: the model knows them, and nobody else has to."""
    lines = []
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        where = ".".join(map(str, each["loc"])) or "the arguments"
        lines.append(f"{where}: {each['msg']}")
    return "; ".join(lines)


def _signature(call: Callable[..., Any]) -> inspect.Signature:
    try:
        signature = inspect.signature(call, eval_str=True)
    except (ValueError, TypeError) as error:
        raise SignatureError(f"has no signature ({error}); wrap it in a function") from None
    except NameError as error:
        told = f"has an annotation that is not defined ({error}); import what it names"
        raise SignatureError(told) from None
    for each in signature.parameters.values():
        if each.kind in (each.POSITIONAL_ONLY, each.VAR_POSITIONAL):
            raise SignatureError(f"'{each.name}' cannot be given by name; make it a plain one")
    return signature
