"""What FastAPI cannot know of the answers and bodies, for the OpenAPI document."""

from typing import Any, Final

import msgspec

from bridge.records.record import CallRecord
from bridge.web.api.problem import KINDS, MEDIA_TYPE
from bridge.web.api.roles import ROLES

Json = dict[str, Any]

ALWAYS: Final = (400, 401, 403, 422, 429, 500, 503)
WITH_BODY: Final = (408, 413, 415)

PROBLEM: Final[Json] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {"type": "string", "description": "Dotted; empty for the whole."},
                    "message": {"type": "string"},
                    "line": {"type": ["integer", "null"]},
                    "column": {"type": ["integer", "null"]},
                },
            },
        },
        "current_revision": {"type": "integer", "description": "At a conflict: what is there."},
    },
}
_REF = {"$ref": "#/components/schemas/Problem"}


def answers(*statuses: int) -> dict[int | str, Json]:
    """The problems a route can answer with, beside those that all can."""
    return {status: _answer(status) for status in sorted({*ALWAYS, *WITH_BODY, *statuses})}


def _answer(status: int) -> Json:
    kinds = [kind for kind in KINDS if kind.status == status]
    shown = {
        "type": kinds[0].urn,
        "title": kinds[0].title,
        "status": status,
        "detail": "What is wrong with this request, and how to mend it.",
    }
    content = {MEDIA_TYPE: {"schema": _REF, "example": shown}}
    return {"description": "; or: ".join(kind.title for kind in kinds), "content": content}


_EXAMPLE_TEXT = "name: Front desk\ninstructions: |\n  You answer the phone of Example Ltd.\n"
_EXAMPLE = {"name": "Front desk", "instructions": "You answer the phone of Example Ltd."}
_FIELDS: Json = {
    "text": {"type": "string", "description": "YAML, kept byte for byte."},
    "document": {"type": "object", "description": "JSON, kept as YAML of one form."},
    "tests": {"type": "string", "description": "Test conversations, YAML."},
    "note": {"type": "string", "maxLength": 1000},
}


def _body(fields: Json, required: list[str], example: Json) -> Json:
    by_json = {
        "type": "object",
        "additionalProperties": False,
        "properties": fields,
        "required": required,
        "oneOf": [{"required": ["text"]}, {"required": ["document"]}],
    }
    yaml = {"schema": {"type": "string"}, "example": _EXAMPLE_TEXT}
    content = {
        "application/json": {"schema": by_json, "example": example},
        "application/yaml": yaml,
        "text/yaml": yaml,
    }
    return {"requestBody": {"required": True, "content": content}}


DOCUMENT: Final = _body(_FIELDS, [], {"document": _EXAMPLE, "note": "shorter greeting"})
NEW_AGENT: Final = _body(
    {"name": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,62}$"}} | _FIELDS,
    ["name"],
    {"name": "front-desk", "document": _EXAMPLE},
)
YAML_TOO: Final[dict[int | str, Json]] = {
    200: {"content": {"application/yaml": {"schema": {"type": "string"}, "example": _EXAMPLE_TEXT}}}
}

RECORD: Final[dict[int | str, Json]] = {
    200: {
        "description": "The record",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CallRecord"}}},
    }
}
RECORDING: Final[dict[int | str, Json]] = {
    200: {
        "description": "Stereo, 8 kHz, mu-law",
        "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}},
    },
    206: {
        "description": "The part asked for by Range",
        "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}},
    },
}
_OPERATIONS: Final = ("get", "post", "put", "patch", "delete")
_PRECONDITIONS: Final[list[Json]] = [
    {
        "name": "If-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The revision you have seen, as the ETag was.",
        "example": '"7"',
    },
    {
        "name": "If-None-Match",
        "in": "header",
        "schema": {"type": "string", "enum": ["*"]},
        "description": "`*`: there is none yet.",
    },
]


def complete(document: Json) -> Json:
    """With the security scheme, the problems, the record of a call, and the scopes needed."""
    document["servers"] = [{"url": "/api/v1"}]
    document["security"] = [{"bearer": []}]
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for left_over in ("HTTPValidationError", "ValidationError"):
        schemas.pop(left_over, None)
    schemas["Problem"] = PROBLEM
    schemas |= _record_schemas()
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token made by `offhook tokens create`: `ofh_…`. Never in a URL.",
        }
    }
    for path, operations in document["paths"].items():
        for method in _OPERATIONS:
            if method in operations:
                _complete(operations[method], ROLES[method.upper(), path])
    return document


def _complete(operation: Json, scope: str) -> None:
    operation["description"] = f"Needs the scope {scope}."
    if "428" in operation["responses"]:
        operation.setdefault("parameters", []).extend(_PRECONDITIONS)


def _record_schemas() -> Json:
    _, found = msgspec.json.schema_components(
        [CallRecord], ref_template="#/components/schemas/{name}"
    )
    return dict(found)
