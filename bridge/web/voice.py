"""Twilio's webhooks, and who may open a media socket."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request, Response

from bridge.agents.incoming import Incoming
from bridge.agents.routing import Refused
from bridge.call.actions import Outcome
from bridge.registry import Registry
from bridge.transport.media_socket import MediaSocket, Refusal, Upgrade
from bridge.wire import twiml
from bridge.wire.dialect import websocket_origin
from bridge.wire.signature import Signatures

MEDIA_PATH = "/twilio/media/"
MAX_FORM_BYTES = 64 * 1024
CALL_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

CALL_SID = re.compile(r"[A-Za-z0-9]{2,64}")  # it becomes part of paths, here and in REST

BUSY = "All our lines are busy. Please call again in a few minutes. Goodbye."
NOBODY = "There is nobody at this number. Goodbye."
SORRY = "I am sorry, something went wrong on our side. Please call again. Goodbye."
REFUSALS = {
    "full": twiml.say_and_hang_up(BUSY),
    "no agent": twiml.say_and_hang_up(NOBODY),
    "blocked": twiml.reject(),
}
SIP_HEADER = "SipHeader_"
MAX_PARAMETERS = 64

FAILED = frozenset({Outcome.MODEL_LOST, Outcome.MODEL_FAILED})

logger = logging.getLogger(__name__)


class Gate:
    """Lets only Twilio in. Signatures cover the URL Twilio was told, so that is what is checked:
    the configured origin with the path as received."""

    def __init__(self, origin: str, signatures: Signatures, account_sid: str | None) -> None:
        self.origin = origin
        self._signatures = signatures
        self._account_sid = account_sid

    async def form(self, request: Request) -> Mapping[str, str]:
        """The fields of a webhook that was signed. Raises HTTPException: 403, or 413."""
        # Blank fields are signed too, and so is every value of a name.
        fields = parse_qs((await _body(request)).decode(errors="replace"), keep_blank_values=True)
        url = self.origin + _path(request)
        if not self._signatures.valid(url, fields, request.headers.get("x-twilio-signature", "")):
            self._refused(url, str(request.url))
            raise HTTPException(403)
        told = {name: values[-1] for name, values in fields.items()}
        if self._account_sid not in (None, told.get("AccountSid")):
            logger.warning("refused: a webhook of another account; check TWILIO_ACCOUNT_SID")
            raise HTTPException(403)
        return told

    def stream_url(self, token: str) -> str:
        return f"{websocket_origin(self.origin)}{MEDIA_PATH}{token}"

    def upgrade_allowed(self, upgrade: Upgrade) -> bool:
        url = websocket_origin(self.origin) + upgrade.path
        if self._signatures.valid_upgrade(url, upgrade.headers.get("x-twilio-signature", "")):
            return True
        host = upgrade.headers.get("host", "?")
        shown = MEDIA_PATH + "<token>"
        self._refused(websocket_origin(self.origin) + shown, f"//{host}{shown}")
        return False

    def _refused(self, expected: str, received: str) -> None:
        logger.warning(
            "refused: the signature does not fit. Expected a request for %s, received one for %s. "
            "Set OFFHOOK_PUBLIC_URL to the origin that Twilio calls, and TWILIO_AUTH_TOKEN to the "
            "primary token of the account",
            expected,
            received,
        )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise HTTPException(413)
    return bytes(body)


def _path(request: Request) -> str:
    raw: bytes = request.scope.get("raw_path", b"") or request.url.path.encode()
    query: bytes = request.scope.get("query_string", b"")
    return raw.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")


def _incoming(call_sid: str, fields: Mapping[str, str], request: Request) -> Incoming:
    """Parameters are those of the webhook's own URL, and the X- headers of a SIP call."""
    told = [*request.query_params.items()]
    told += ((k.removeprefix(SIP_HEADER), v) for k, v in fields.items() if SIP_HEADER in k)
    return Incoming(
        call_sid,
        caller=fields.get("From", ""),
        called=fields.get("To", ""),
        parameters=dict(told[:MAX_PARAMETERS]),
        account_sid=fields.get("AccountSid"),
    )


def _twiml(document: str) -> Response:
    return Response(document, media_type="text/xml")


def router(gate: Gate, registry: Registry) -> APIRouter:
    routes = APIRouter(prefix="/twilio")

    @routes.post("/voice")
    async def voice(request: Request) -> Response:
        """A call has come in: hand it to the media socket, or say that there is no room."""
        fields = await gate.form(request)
        call_sid = fields.get("CallSid", "")
        if not CALL_SID.fullmatch(call_sid):
            raise HTTPException(400, "CallSid is missing, or no sid")
        admission = await registry.admit(_incoming(call_sid, fields, request))
        if isinstance(admission, Refused):
            logger.warning("call %s is refused: %s", call_sid, admission.reason)
            return _twiml(REFUSALS[admission.reason])
        return _twiml(
            twiml.connect(
                stream_url=gate.stream_url(admission.token),
                action_url=f"{gate.origin}/twilio/action",
                status_url=f"{gate.origin}/twilio/stream-status",
            )
        )

    @routes.post("/action")
    async def action(request: Request) -> Response:
        """The stream has ended; Twilio asks what comes next."""
        fields = await gate.form(request)
        outcome = await registry.outcome(fields.get("CallSid", ""))
        sorry = outcome is None or outcome in FAILED
        return _twiml(twiml.say_and_hang_up(SORRY) if sorry else twiml.hang_up())

    @routes.post("/status")
    async def status(request: Request) -> Response:
        fields = await gate.form(request)
        if fields.get("CallStatus") in CALL_OVER:
            await registry.carrier_over(fields.get("CallSid", ""))
        return Response(status_code=204)

    @routes.post("/stream-status")
    async def stream_status(request: Request) -> Response:
        fields = await gate.form(request)
        if fields.get("StreamEvent") == "stream-error":
            logger.warning("the carrier reports: %s", fields.get("StreamError", ""))
        return Response(status_code=204)

    return routes


class MediaDoor:
    """Admits media sockets: signature first, then the token, which is good once."""

    def __init__(self, gate: Gate, registry: Registry) -> None:
        self._gate = gate
        self._registry = registry

    async def admit(self, upgrade: Upgrade) -> Callable[[MediaSocket], Awaitable[None]] | Refusal:
        if not upgrade.path.startswith(MEDIA_PATH):
            return Refusal(404)
        if not self._gate.upgrade_allowed(upgrade):
            return Refusal(403)
        token = upgrade.path.removeprefix(MEDIA_PATH).rstrip("/")
        call_sid = await self._registry.redeem(token)
        if call_sid is None:
            logger.warning("refused: a media socket with a token that is unknown, old or used")
            return Refusal(403)
        return lambda socket: self._registry.carry(call_sid, socket)
