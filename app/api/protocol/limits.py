"""Middleware: limits of requests per key, per workspace and per address, with RateLimit headers.

A key is known by its database row, and asking for that is work already. So a header of
authorization is remembered with the caller that it turned out to be, and from its second request on
the caller's key and workspace are counted before anything is done. Until then, and without a key,
a request counts as anonymous, for its address.
"""

import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.protocol.browser import session_token
from app.api.protocol.problems import clinic_error_response
from app.api.protocol.rates import RateLimit, Standing
from app.api.protocol.root_path import path_of
from app.api.protocol.turns import KEYS_PER_WORKSPACE, HeldTurns, Turns, hold
from app.domain.access import Caller
from app.domain.errors import Overloaded
from app.settings import Settings

#: One address has so many times as many requests at once as a key, since many may share it.
TURNS_PER_ADDRESS = 4
#: Callers that are remembered by their header.
MAX_CALLERS = 10_000
#: Networks of this length belong to one customer (RFC 6177).
IPV6_PREFIX = 64
#: Costs nothing, and load balancers ask for it.
_FREE = "/healthz"
#: Must be answered while all turns of an address are taken.
_WITHOUT_TURN = "/readyz"


@dataclass(frozen=True, kw_only=True)
class _Client:
    """Whom a request counts for."""

    address: str
    #: None for an anonymous request.
    caller: Caller | None


class Limits:
    """ASGI middleware. Refuses a request beyond a rate; keeps one waiting that has no turn yet."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        per_s, at_once = settings.requests_per_s, settings.requests_at_once
        self._of_key = RateLimit("key", per_s=per_s)
        self._of_workspace = RateLimit("workspace", per_s=KEYS_PER_WORKSPACE * per_s)
        self._of_address = RateLimit("address", per_s=settings.address_requests_per_s)
        self._of_anonymous = RateLimit("anonymous", per_s=settings.anonymous_requests_per_s)
        self._key_turns = Turns(most=at_once)
        self._workspace_turns = Turns(most=KEYS_PER_WORKSPACE * at_once)
        self._address_turns = Turns(most=TURNS_PER_ADDRESS * at_once)
        self._callers: OrderedDict[bytes, Caller] = OrderedDict()
        self._salt = secrets.token_bytes(16)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_of(scope) == _FREE:
            await self._app(scope, receive, send)
            return
        header = self._digest(_credentials(scope))
        client = _Client(address=network_of(scope), caller=self._known(header))
        held = HeldTurns()
        try:
            standings = self._spend(client)
            if path_of(scope) != _WITHOUT_TURN:
                await held.take(self._turns_of(client))
        except Overloaded as error:
            held.give_back()
            await clinic_error_response(scope, error)(scope, receive, send)
            return
        hold(held)
        try:
            await self._app(scope, receive, _with_headers(send, standings))
        finally:
            held.give_back()
            self._remember(header, scope)

    def _spend(self, client: _Client) -> list[Standing]:
        """Raises TooManyRequests. The narrowest limit is asked first."""
        caller = client.caller
        if caller is None:
            of_caller = [self._of_anonymous.spend(client.address)]
        else:
            of_caller = [
                self._of_key.spend(caller.key_id),
                self._of_workspace.spend(caller.workspace_id),
            ]
        return [*of_caller, self._of_address.spend(client.address)]

    def _turns_of(self, client: _Client) -> Sequence[tuple[Turns, Hashable]]:
        of_address = (self._address_turns, client.address)
        if client.caller is None:
            return [of_address]
        return [
            (self._key_turns, client.caller.key_id),
            (self._workspace_turns, client.caller.workspace_id),
            of_address,
        ]

    def _digest(self, header: str | None) -> bytes | None:
        """Under a random salt, so that no key can be found in the memory of the process."""
        if header is None:
            return None
        return blake2b(header.encode("latin-1"), key=self._salt, digest_size=16).digest()

    def _known(self, header: bytes | None) -> Caller | None:
        if header is None or header not in self._callers:
            return None
        self._callers.move_to_end(header)
        return self._callers[header]

    def _remember(self, header: bytes | None, scope: Scope) -> None:
        caller = scope.get("state", {}).get("caller")
        if header is None:
            return
        if caller is None:
            # refused by now: it counts as anonymous again
            self._callers.pop(header, None)
            return
        self._callers[header] = caller
        if len(self._callers) > MAX_CALLERS:
            self._callers.popitem(last=False)


def _credentials(scope: Scope) -> str | None:
    """The API key in the headers, or the token of a browser's session."""
    connection = HTTPConnection(scope)
    return connection.headers.get("authorization") or session_token(connection)


def network_of(scope: Scope) -> str:
    """The client's address; for IPv6 its network, since a customer has 2^64 addresses."""
    host = str((scope.get("client") or ("unknown",))[0])[:64]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))


def _with_headers(send: Send, standings: Sequence[Standing]) -> Send:
    """Adds the limits to an answer that does not tell a quota of its own."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if "RateLimit" not in headers:
                headers["RateLimit-Policy"] = ", ".join(one.policy for one in standings)
                headers["RateLimit"] = ", ".join(one.state for one in standings)
        await send(message)

    return send_with_headers
