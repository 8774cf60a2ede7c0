"""The part of JSON Schema that describes the arguments of a function.

Models are told the whole schema; of it we check what is listed in ``_CHECKS`` and leave the rest
(as JSON Schema asks of keywords one does not know) to the model.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")

Path = tuple[str | int, ...]


def schema_problems(schema: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """What is wrong with a schema itself: where in it, and the problem with its mend."""
    if not isinstance(schema, Mapping):
        yield path, "is not a mapping; write one such as {type: string}"
        return
    yield from _keyword_problems(schema, path)
    properties = schema.get("properties", {})
    if isinstance(properties, Mapping):
        for name, each in properties.items():
            yield from schema_problems(each, (*path, "properties", name))
    for keyword in ("items", "additionalProperties"):
        if keyword in schema and not isinstance(schema[keyword], bool):
            yield from schema_problems(schema[keyword], (*path, keyword))
    for keyword in ("anyOf", "oneOf", "allOf"):
        for index, each in enumerate(_listed(schema.get(keyword))):
            yield from schema_problems(each, (*path, keyword, index))


def _keyword_problems(schema: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind not in TYPES:
            yield (*path, "type"), f"{kind!r} is not a JSON type; write {' or '.join(TYPES)}"
    for keyword, (shape, mend) in _SHAPES.items():
        value = schema.get(keyword, shape())
        if not isinstance(value, shape) or isinstance(value, bool):
            yield (*path, keyword), mend
    for keyword in ("minimum", "maximum"):
        if keyword in schema and not _is(schema[keyword], "number"):
            yield (*path, keyword), "is not a number; write digits"
    for keyword in ("enum", "anyOf", "oneOf", "allOf"):
        if keyword in schema and not _listed(schema[keyword]):
            yield (*path, keyword), "is not a list of values; write them in [ ]"
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    for index, name in enumerate(_listed(schema.get("required"))):
        if not isinstance(name, str) or name not in known:
            yield (*path, "required", index), f"{name!r} is not among the properties; describe it"
    try:
        re.compile(str(schema.get("pattern", "")))
    except re.error as error:
        yield (*path, "pattern"), f"is not a regular expression ({error}); correct it"


_WHOLE = (int, "is not a whole number; write digits")
_SHAPES: Final[Mapping[str, tuple[type, str]]] = {
    "properties": (dict, "is not a mapping; write one line for each argument"),
    "required": (list, "is not a list; write the names in [ ]"),
    "description": (str, "is not a text; put quotes around it"),
    "pattern": (str, "is not a text; put quotes around it"),
    "minLength": _WHOLE,
    "maxLength": _WHOLE,
    "minItems": _WHOLE,
    "maxItems": _WHOLE,
}


def mismatch(value: Any, schema: Mapping[str, Any], where: str = "") -> str | None:
    """The first way in which a JSON value does not fit, in words a model can act on."""
    for keyword, check in _CHECKS.items():
        if keyword in schema:
            told = check(value, schema, where)
            if told is not None:
                return told
    return None


def _at(where: str, told: str) -> str:
    return f"{where or 'the arguments'}: {told}"


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case "integer":
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return True


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _type(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    fits = any(_is(value, kind) for kind in kinds)
    return None if fits else _at(where, f"must be of type {' or '.join(kinds)}")


def _enum(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    fits = any(value == each and type(value) is type(each) for each in schema["enum"])
    return None if fits else _at(where, f"must be one of {schema['enum']}")


def _const(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    return None if value == schema["const"] else _at(where, f"must be {schema['const']!r}")


def _required(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    if not isinstance(value, dict):
        return None
    missing = [name for name in schema["required"] if name not in value]
    return _at(where, f"{', '.join(missing)} is missing") if missing else None


def _properties(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    if not isinstance(value, dict):
        return None
    for name, each in schema["properties"].items():
        if name in value:
            told = mismatch(value[name], each, f"{where}.{name}" if where else name)
            if told is not None:
                return told
    return None


def _additional(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    if not isinstance(value, dict):
        return None
    allowed = schema["additionalProperties"]
    for name in value.keys() - schema.get("properties", {}).keys():
        if allowed is False:
            known = ", ".join(schema.get("properties", {})) or "none"
            return _at(where, f"{name} is not known; known are {known}")
        if isinstance(allowed, Mapping):
            told = mismatch(value[name], allowed, f"{where}.{name}" if where else name)
            if told is not None:
                return told
    return None


def _items(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    if not isinstance(value, list) or not isinstance(schema["items"], Mapping):
        return None
    told = (mismatch(each, schema["items"], f"{where}[{i}]") for i, each in enumerate(value))
    return next(filter(None, told), None)


def _any_of(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    told = [mismatch(value, each, where) for each in schema["anyOf"]]
    return None if None in told else _at(where, f"fits none of {len(told)} forms ({told[0]})")


def _bound(
    keyword: str, fits: Callable[[Any, Any], bool], words: str
) -> Callable[[Any, Mapping[str, Any], str], str | None]:
    sized = {"minLength": str, "maxLength": str, "minItems": list, "maxItems": list}.get(keyword)

    def check(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
        applies = isinstance(value, sized) if sized else _is(value, "number")
        measured = len(value) if sized and applies else value
        if not applies or fits(measured, schema[keyword]):
            return None
        return _at(where, f"must {words} {schema[keyword]}")

    return check


def _pattern(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    fits = not isinstance(value, str) or re.search(schema["pattern"], value)
    return None if fits else _at(where, f"must match {schema['pattern']}")


_CHECKS: Mapping[str, Callable[[Any, Mapping[str, Any], str], str | None]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
    "minimum": _bound("minimum", lambda value, bound: value >= bound, "be at least"),
    "maximum": _bound("maximum", lambda value, bound: value <= bound, "be at most"),
    "minLength": _bound("minLength", lambda n, bound: n >= bound, "have a length of at least"),
    "maxLength": _bound("maxLength", lambda n, bound: n <= bound, "have a length of at most"),
    "minItems": _bound("minItems", lambda n, bound: n >= bound, "have a length of at least"),
    "maxItems": _bound("maxItems", lambda n, bound: n <= bound, "have a length of at most"),
    "pattern": _pattern,
}
