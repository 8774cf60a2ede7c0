"""The HTTP a client meets: the upgrade, its refusals, the records."""

import json
import time
import uuid
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from websockets.extensions.permessage_deflate import enable_server_permessage_deflate
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from bridge.sim.model.admission import Knock, Rejected
from bridge.sim.model.records import Records
from bridge.sim.model.refusal import Refusal
from bridge.sim.model.socket import MAX_MESSAGE_BYTES

REALTIME = Subprotocol("realtime")
RECORDS_PATH = "/records"


def core(compression: bool) -> ServerProtocol:
    """The protocol of one connection."""
    return ServerProtocol(
        extensions=enable_server_permessage_deflate(None) if compression else None,
        select_subprotocol=_subprotocol,
        max_size=MAX_MESSAGE_BYTES,
    )


def knock(request: Request) -> Knock:
    headers = {name.lower(): value for name, value in request.headers.raw_items()}
    offered = headers.get("sec-websocket-protocol", "").split(",")
    return Knock(request.path, headers, tuple(name.strip() for name in offered))


def traced(request: Request, response: Response) -> Response:
    """Azure names each request, so that its support can find it again."""
    if request.path.startswith("/openai/"):
        response.headers["apim-request-id"] = str(uuid.uuid4())
        response.headers["x-ms-region"] = "Simulated"
    return response


def rejection(protocol: ServerProtocol, rejected: Rejected) -> Response:
    body = {"error": {"code": rejected.code, "message": rejected.message}}
    response = json_response(protocol, rejected.status, json.dumps(body).encode())
    if rejected.status == 429:
        response.headers["Retry-After"] = "1"
    return response


def json_response(protocol: ServerProtocol, status: int, body: bytes) -> Response:
    response = protocol.reject(status, "")
    for name in ("Content-Type", "Content-Length"):
        del response.headers[name]
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Length"] = str(len(body))
    response.body = body
    return response


async def records_answer(records: Records, target: str) -> tuple[int, bytes]:
    """Status and JSON: all records, or with ``?after=N`` of sessions closed after the first N."""
    after = parse_qs(urlsplit(target).query).get("after", [""])[0]
    if after and not after.isdecimal():
        return 400, b'{"error":{"code":"400","message":"after: a number of sessions"}}'
    return 200, await records.told(int(after) if after else None, time.monotonic())


def turned_away(refusal: Refusal) -> str:
    """The one event of a session that is none."""
    error = {
        "type": refusal.type,
        "code": refusal.code,
        "message": refusal.message,
        "param": refusal.param,
        "event_id": None,
    }
    return json.dumps({"type": "error", "event_id": "event_refused", "error": error})


def _subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return REALTIME if REALTIME in offered else None
