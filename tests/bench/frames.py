"""WebSocket frames as cheaply as Python can (RFC 6455): the load must not be the limit."""

import base64
import hashlib
import os

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Reader:
    """Bytes in, whole frames out: (opcode, payload). No fragments, no extensions."""

    def __init__(self) -> None:
        self._rest = b""

    def push(self, data: bytes) -> list[tuple[int, bytes]]:
        data = self._rest + data if self._rest else data
        frames, at, end = [], 0, len(data)
        while at + 2 <= end:
            size, head = data[at + 1] & 127, at + 2
            if size == 126:
                size, head = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, head = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            masked = data[at + 1] > 127
            body = head + 4 if masked else head
            if body + size > end:
                break
            payload = data[body : body + size]
            if masked:
                payload = unmasked(payload, data[head : head + 4])
            frames.append((data[at] & 15, payload))
            at = body + size
        self._rest = data[at:]
        return frames


def unmasked(payload: bytes, key: bytes) -> bytes:
    size = len(payload)
    keys = (key * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "little") ^ int.from_bytes(keys, "little")
    return mixed.to_bytes(size, "little")


def frame(payload: bytes, opcode: int = TEXT, mask: int = 0) -> bytes:
    """``mask`` 128: a client's, whose key is zero, so that nothing needs mixing."""
    size, key = len(payload), b"\0\0\0\0" if mask else b""
    if size < 126:
        return bytes((128 | opcode, mask | size)) + key + payload
    if size < 65536:
        return bytes((128 | opcode, mask | 126)) + size.to_bytes(2, "big") + key + payload
    return bytes((128 | opcode, mask | 127)) + size.to_bytes(8, "big") + key + payload


def upgrade(host: str, path: str, headers: dict[str, str]) -> bytes:
    """A client's request."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def accepted(request: bytes) -> bytes:
    """A server's answer to it."""
    lines = (line.partition(b":") for line in request.split(b"\r\n"))
    key = next(value.strip() for name, _, value in lines if name.lower() == b"sec-websocket-key")
    digest = base64.b64encode(hashlib.sha1(key + GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + digest + b"\r\n\r\n"
    )
