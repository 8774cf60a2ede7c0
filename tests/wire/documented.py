"""Whether a client event holds only what its dialect documents, key by key and type by type.

Stricter than a service has to be: a key of a later revision is unknown to an earlier one, and null
is allowed only where the documents give it a meaning.
"""

import re
from typing import Any

from tests.wire.vendor import Json, realtime_document

_DIALECTS = realtime_document()["dialects"]
DIALECT_KEYS = {
    "ga": "ga",
    "preview": "preview",
    "preview-2024-10": "azure_preview_2024_10_01",
}
# "Update semantics": null switches these three off.
_NULLABLE = (
    "turn_detection",
    "transcription",
    "noise_reduction",
    "input_audio_transcription",
    "input_audio_noise_reduction",
)
_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def problems(event: Json, dialect_name: str) -> list[str]:
    """What the documents say against this client event; empty: nothing."""
    document = _DIALECTS[DIALECT_KEYS[dialect_name]]
    known = {entry["type"]: entry for entry in document["client_events"]}
    spec = known.get(event["type"])
    if spec is None:
        return [f"unknown event {event['type']}"]
    null_is_known = dialect_name != "preview-2024-10"
    return _Check(document["schemas"], null_is_known).object(event, spec, event["type"])


class _Check:
    def __init__(self, schemas: Json, null_is_known: bool) -> None:
        self._schemas = schemas
        self._null_is_known = null_is_known

    def object(self, value: Json, spec: Json, path: str) -> list[str]:
        found = [f"{path}: no {key}" for key in spec["required"] if key not in value]
        for key, entry in value.items():
            wanted = spec["required"].get(key) or spec["optional"].get(key)
            if wanted is None or wanted.endswith("(later previews)"):
                found.append(f"{path}: unknown key {key}")
            elif entry is None and key in _NULLABLE and self._null_is_known:
                continue
            else:
                found += self.value(entry, wanted, f"{path}.{key}")
        return found

    def value(self, value: Any, wanted: str, path: str) -> list[str]:
        tries = [self._one(value, kind, path) for kind in _alternatives(wanted)]
        return [] if any(not found for found in tries) else min(tries, key=len)

    def _one(self, value: Any, kind: str, path: str) -> list[str]:
        if kind in ("any", "JSON schema object"):
            return []
        if kind.startswith('"') or kind.isdigit():
            return [] if str(value) == kind.strip('"') else [f"{path}: {value!r} is not {kind}"]
        if kind in _SCALARS:
            right = isinstance(value, _SCALARS[kind]) and (kind == "boolean") == (
                value is True or value is False
            )
            return [] if right else [f"{path}: {value!r} is not a {kind}"]
        if match := re.fullmatch(r"array<(.*)>", kind):
            if not isinstance(value, list):
                return [f"{path}: not an array"]
            return [found for entry in value for found in self.value(entry, match[1], path)]
        if kind.startswith("map<"):
            return [] if isinstance(value, dict) else [f"{path}: not a map"]
        return self._schema(value, kind, path)

    def _schema(self, value: Any, name: str, path: str) -> list[str]:
        schema = self._schemas.get(name)
        if schema is None or not isinstance(value, dict | str):
            return [f"{path}: {value!r} is not a {name}"]
        if "one_of" in schema:
            return self.value(value, "|".join(schema["one_of"]), path)
        if not isinstance(value, dict):
            return [f"{path}: not an object"]
        return self.object(value, schema, path)


def _alternatives(wanted: str) -> list[str]:
    """A union, cut at the bars that are not inside ``<>``."""
    return re.findall(r"(?:[^|<]|<(?:[^<>]|<[^<>]*>)*>)+", wanted)
