"""What stands before every route: the token, its scope, its rate and the body's bounds."""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.store.tokens import TokenRow
from bridge.web.api import bearer, bodies
from bridge.web.api.answers import told_of
from bridge.web.api.problem import FORBIDDEN, NO_METHOD, TOO_MANY, Problem, not_found
from bridge.web.api.rates import Buckets, Left
from bridge.web.api.roles import OPEN, ROLES, holds
from bridge.web.api.services import Services

BODIES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# These take the text of an agent document as it is.
YAML: Final = frozenset(
    {("POST", "/agents"), ("PUT", "/agents/{name}/draft"), ("POST", "/validate")}
)
KNOWN_MAX: Final = 10_000

logger = logging.getLogger(__name__)


class Guard:
    """Nothing is answered without a token but ``OPEN``; nothing is remembered of a token, so one
    that is revoked is refused at once."""

    def __init__(self, app: ASGIApp, services: Services, routes: list[BaseRoute]) -> None:
        self._app = app
        self._services = services
        self._routes = routes
        self._of_tokens = Buckets("token", services.rates.token)
        self._of_addresses = Buckets("address", services.rates.address)
        # Digests of tokens that were good: theirs are looked up even where another at the same
        # address, which may be a proxy's, guesses.
        self._known: OrderedDict[bytes, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            receive = await self._admit(scope, receive, answer)
            await self._app(scope, receive, answer)
        except Exception as error:
            problem = told_of(error)
            if problem.kind.status == 500:
                logger.exception("the API failed at %s %s", scope["method"], self._key(scope)[1])
            if not answer.begun:
                await problem.response()(scope, receive, answer)

    async def _admit(self, scope: Scope, receive: Receive, answer: "_Answer") -> Receive:
        """Raises Problem for what may not come in."""
        bearer.check_url(scope["path"], scope.get("query_string", b""))
        key = self._key(scope)
        if key in OPEN:
            self._spend(self._of_addresses, _address(scope), answer)
            return receive
        token = await self._token(scope, answer)
        scope["token"] = token
        self._spend(self._of_tokens, str(token.id), answer)
        if key not in ROLES:
            raise self._nothing_there(scope)
        if not holds(token.scope, ROLES[key]):
            raise _forbidden(token, ROLES[key])
        if scope["method"] not in BODIES:
            return receive
        headers = Headers(scope=scope)
        body = await bodies.read(receive, headers)
        taken = bodies.JSON_TYPES + (bodies.YAML_TYPES if key in YAML else ())
        bodies.check(body, headers.get("content-type", ""), taken)
        return bodies.replayed(body, receive)

    def _key(self, scope: Scope) -> tuple[str, str]:
        """Method and route. Of a path that no route has: what it is, which is in no table."""
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                return scope["method"], getattr(route, "path", "")
        return scope["method"], ""

    def _nothing_there(self, scope: Scope) -> Problem:
        """No such path, or not with this method."""
        partial = (each for each in self._routes if each.matches(scope)[0] is Match.PARTIAL)
        methods = {method for route in partial for method in getattr(route, "methods", ())}
        if not methods:
            return not_found("there is no such path; see openapi.json")
        if "GET" in methods:
            methods.add("HEAD")
        told = f"{scope['method'][:20]} is not taken here; see openapi.json"
        return Problem(NO_METHOD, told, headers={"Allow": ", ".join(sorted(methods))})

    async def _token(self, scope: Scope, answer: "_Answer") -> TokenRow:
        address, now = _address(scope), self._services.clock()
        secret = bearer.secret(scope["headers"])
        digest = sha256((secret or "").encode()).digest()
        left = self._of_addresses.look(address, now)
        if not left.allowed and digest not in self._known:
            answer.adds(left.headers())
            raise _too_many(left)
        found = await self._services.tokens.find(secret) if secret else None
        if found is None:
            self._known.pop(digest, None)
            answer.adds(self._of_addresses.take(address, now).headers())
            given = any(name == b"authorization" for name, _ in scope["headers"])
            raise bearer.unauthenticated(given=given)
        self._known[digest] = None
        self._known.move_to_end(digest)
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return found

    def _spend(self, buckets: Buckets, key: str, answer: "_Answer") -> None:
        left = buckets.take(key, self._services.clock())
        answer.adds(left.headers())
        if not left.allowed:
            raise _too_many(left)


class _Answer:
    """``send``, with headers for every answer."""

    def __init__(self, send: Send) -> None:
        self.begun = False
        self._send = send
        self._headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

    def adds(self, headers: Mapping[str, str]) -> None:
        self._headers |= headers

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            there: list[Any] = [*message.get("headers", [])]
            names = {name.lower() for name, _ in there}
            there += [
                (name.encode(), value.encode())
                for name, value in ((n.lower(), v) for n, v in self._headers.items())
                if name.encode() not in names
            ]
            message = {**message, "headers": there}
        await self._send(message)


def _address(scope: Scope) -> str:
    """IPv6: the /64, for a house has all of it."""
    client = scope.get("client")
    try:
        address = ip_address(client[0] if client else "")
    except ValueError:
        return "?"
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)


def _too_many(left: Left) -> Problem:
    return Problem(TOO_MANY, f"wait {left.retry_s} s, then go on more slowly")


def _forbidden(token: TokenRow, needed: str) -> Problem:
    told = f"this needs the scope {needed}, the token has {token.scope}; use another token"
    challenge = f'Bearer realm="offhook", error="insufficient_scope", scope="{needed}"'
    return Problem(FORBIDDEN, told, headers={"WWW-Authenticate": challenge})
