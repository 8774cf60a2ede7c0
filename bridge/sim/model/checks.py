"""Small checks of JSON values, put together into the shapes a client may send.

A check is called with a value and its dotted path and raises the service's ``Refusal``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.sim.model.refusal import (
    json_type,
    missing,
    out_of_range,
    too_long,
    unknown,
    wrong_type,
    wrong_value,
)

Check = Callable[[Any, str], None]


def anything(value: Any, path: str) -> None:
    """Every value is fine (a JSON schema, for one)."""


def flag(value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise wrong_type(path, "a boolean", value)


def text(max_length: int | None = None) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise wrong_type(path, "a string", value)
        if max_length is not None and len(value) > max_length:
            raise too_long(path, len(value), max_length)

    return check


def whole(low: int | None = None, high: int | None = None) -> Check:
    def check(value: Any, path: str) -> None:
        if json_type(value) != "integer":
            raise wrong_type(path, "an integer", value)
        _within(value, path, low, high, "integer")

    return check


def number(low: float | None = None, high: float | None = None) -> Check:
    def check(value: Any, path: str) -> None:
        if json_type(value) not in ("integer", "decimal"):
            raise wrong_type(path, "a decimal", value)
        _within(value, path, low, high, "decimal")

    return check


def _within(value: float, path: str, low: float | None, high: float | None, kind: str) -> None:
    if low is not None and value < low:
        raise out_of_range(path, value, low, below=True, kind=kind)
    if high is not None and value > high:
        raise out_of_range(path, value, high, below=False, kind=kind)


def one_of(*values: str) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise wrong_type(path, "a string", value)
        if value not in values:
            raise wrong_value(path, value, values)

    return check


def nullable(inner: Check) -> Check:
    def check(value: Any, path: str) -> None:
        if value is not None:
            inner(value, path)

    return check


def list_of(inner: Check) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise wrong_type(path, "an array", value)
        for index, entry in enumerate(value):
            inner(entry, f"{path}[{index}]")

    return check


def keys(optional: Mapping[str, Check], required: Mapping[str, Check] | None = None) -> Check:
    """An object with these keys and no others."""
    needed = required or {}
    known = {**optional, **needed}

    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        prefix = f"{path}." if path else ""
        for key in needed:
            if key not in value:
                raise missing(prefix + key)
        for key, entry in value.items():
            if key not in known:
                raise unknown(prefix + key)
            known[key](entry, prefix + key)

    return check


def tagged(key: str, shapes: Mapping[str, Check], default: str | None = None) -> Check:
    """An object whose ``key`` says which of several shapes it has."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        if key not in value and default is None:
            raise missing(f"{path}.{key}")
        tag: Any = value.get(key, default)
        one_of(*shapes)(tag, f"{path}.{key}")
        shapes[tag](value, path)

    return check


def by_type(**shapes: Check) -> Check:
    """One check for each JSON type that is allowed: ``by_type(string=..., object=...)``."""

    def check(value: Any, path: str) -> None:
        shape = shapes.get(json_type(value))
        if shape is None:
            article = "an" if next(iter(shapes))[0] in "aio" else "a"
            raise wrong_type(path, f"{article} {next(iter(shapes))}", value)
        shape(value, path)

    return check


def text_map(max_pairs: int, max_key: int, max_value: int) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        whole(high=max_pairs)(len(value), path)
        for key, entry in value.items():
            text(max_key)(key, path)
            text(max_value)(entry, f"{path}.{key}")

    return check
