"""The REST API: what ops do from their own programs."""

from bridge.web.api.app import api, join
from bridge.web.api.services import Services

__all__ = ["Services", "api", "join"]
