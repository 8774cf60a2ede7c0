"""A Realtime server that a client cannot tell from the service."""
