"""Whether a server event is one the documents know, key by key and type by type."""

import json
import re
from pathlib import Path
from typing import Any

from bridge.sim.model.dialect import Dialect

_DOCUMENT = json.loads((Path(__file__).parents[2] / "data/realtime-events.json").read_text())
_DIALECT_KEYS = {
    "ga": "ga",
    "preview": "preview",
    "preview_2024_10": "azure_preview_2024_10_01",
}
_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def problems(event: dict[str, Any], dialect: Dialect) -> list[str]:
    """What the documents say against this event; empty: nothing."""
    document = _DOCUMENT["dialects"][_DIALECT_KEYS[dialect.name]]
    known = {entry["type"]: entry for entry in document["server_events"]}
    spec = known.get(event["type"])
    if spec is None:
        return [f"unknown event {event['type']}"]
    checked = dict(event)
    if "model" in event.get("session", {}):
        # The typed client lists the models of its day; on Azure this is a deployment's name.
        checked["session"] = {**event["session"], "model": "gpt-realtime"}
    if event["type"] == "conversation.item.retrieved":
        # Seen of the service, and noted beside the schema: the part says "audio" and carries
        # a format string.
        checked["item"] = _without_audio(event["item"])
    return _object_problems(checked, spec, document["schemas"], event["type"])


def _without_audio(item: dict[str, Any]) -> dict[str, Any]:
    kept = [part for part in item.get("content", ()) if part["type"] != "audio"]
    return {**item, "content": kept} if "content" in item else item


def _object_problems(
    value: dict[str, Any], spec: dict[str, Any], schemas: dict[str, Any], path: str
) -> list[str]:
    found = [f"{path}: no {key}" for key in spec["required"] if key not in value]
    for key, entry in value.items():
        wanted = spec["required"].get(key) or spec["optional"].get(key)
        if wanted is None:
            found.append(f"{path}: unknown key {key}")
        elif entry is not None or key in spec["required"]:
            found += _value_problems(entry, wanted, schemas, f"{path}.{key}")
    return found


def _value_problems(value: Any, wanted: str, schemas: dict[str, Any], path: str) -> list[str]:
    wanted = re.sub(r" \(.*\)$", "", wanted)
    tries = [_one_problem(value, kind, schemas, path) for kind in _alternatives(wanted)]
    return [] if any(not found for found in tries) else min(tries, key=len)


def _one_problem(value: Any, kind: str, schemas: dict[str, Any], path: str) -> list[str]:
    if kind == "any" or kind.startswith("{"):
        return []
    if kind.startswith('"'):
        return [] if value == kind.strip('"') else [f"{path}: {value!r} is not {kind}"]
    if kind.isdigit():
        return [] if value == int(kind) else [f"{path}: {value!r} is not {kind}"]
    if kind in _SCALARS:
        right = isinstance(value, _SCALARS[kind]) and (kind == "boolean") == isinstance(value, bool)
        return [] if right else [f"{path}: {value!r} is not a {kind}"]
    if kind.startswith("array<"):
        if not isinstance(value, list):
            return [f"{path}: not an array"]
        inner = kind[len("array<") : -1]
        return [
            p
            for n, v in enumerate(value)
            for p in _value_problems(v, inner, schemas, f"{path}[{n}]")
        ]
    if kind.startswith("map<"):
        return [] if isinstance(value, dict) else [f"{path}: not a map"]
    schema = schemas[kind]
    if "one_of" in schema:
        return _value_problems(value, "|".join(schema["one_of"]), schemas, path)
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    return _object_problems(value, schema, schemas, path)


def _alternatives(wanted: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in wanted:
        depth += (char in "<{") - (char in ">}")
        if char == "|" and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]
