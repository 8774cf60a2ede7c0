"""Who may do what: one row a route, one scope each.

A scope holds the ones below it: admin > editor > viewer. What is not in the table is refused to
everybody, and a test compares the table with the routes.
"""

from collections.abc import Mapping
from typing import Final, Literal

Scope = Literal["viewer", "editor", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("viewer", "editor", "admin")  # each holds those before it

ROLES: Final[Mapping[tuple[str, str], Scope]] = {
    ("GET", "/agents"): "viewer",
    ("POST", "/agents"): "editor",
    ("GET", "/agents/{name}"): "viewer",
    ("PATCH", "/agents/{name}"): "admin",
    ("DELETE", "/agents/{name}"): "admin",
    ("GET", "/agents/{name}/draft"): "viewer",
    ("PUT", "/agents/{name}/draft"): "editor",
    ("DELETE", "/agents/{name}/draft"): "editor",
    ("GET", "/agents/{name}/diff"): "viewer",
    ("GET", "/agents/{name}/figures"): "viewer",
    ("POST", "/agents/{name}/publish"): "editor",
    ("POST", "/agents/{name}/rollback"): "editor",
    ("GET", "/agents/{name}/versions"): "viewer",
    ("GET", "/agents/{name}/versions/{number}"): "viewer",
    ("POST", "/validate"): "viewer",
    ("GET", "/routes"): "viewer",
    ("GET", "/routes/{called}"): "viewer",
    ("PUT", "/routes/{called}"): "editor",
    ("DELETE", "/routes/{called}"): "editor",
    ("GET", "/blocked-callers"): "viewer",
    ("PUT", "/blocked-callers/{caller}"): "editor",
    ("DELETE", "/blocked-callers/{caller}"): "editor",
    ("GET", "/calls"): "viewer",
    ("GET", "/calls/live"): "viewer",
    ("GET", "/calls/{call_sid}"): "viewer",
    ("DELETE", "/calls/{call_sid}"): "admin",
    ("GET", "/calls/{call_sid}/recording"): "viewer",
    ("POST", "/calls/{call_sid}/hang-up"): "editor",
    ("POST", "/calls/{call_sid}/say"): "editor",
    ("POST", "/calls/{call_sid}/whisper"): "editor",
    ("GET", "/audit"): "admin",
    ("GET", "/tokens"): "admin",
    ("POST", "/tokens"): "admin",
    ("DELETE", "/tokens/{token_id}"): "admin",
}
OPEN: Final = frozenset({("GET", "/openapi.json")})  # to all: it holds nothing of this server


def holds(scope: str, needed: Scope) -> bool:
    """An unknown scope holds nothing."""
    return scope in SCOPES and SCOPES.index(needed) <= SCOPES.index(scope)
