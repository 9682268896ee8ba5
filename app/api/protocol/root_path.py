"""The path under which a proxy shows the service, and addresses of ours as clients see them.

A proxy may pass the path on as it is or without the prefix; both are understood. `/clinic` is
`CLINIC_ROOT_PATH`, or `X-Forwarded-Prefix` of a trusted proxy, which wins.
"""

import re
from collections.abc import Sequence
from contextvars import ContextVar
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import PlainSerializer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

HEADER = "X-Forwarded-Prefix"
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]{1,100}){1,10}")
_root: ContextVar[str] = ContextVar("root_path", default="")


def at(path: str) -> str:
    """Returns the address of a path of ours for the client of the present request."""
    return _root.get() + path


#: A path of ours in an answer, which JSON shows under the root path.
Href = Annotated[str, PlainSerializer(at, return_type=str, when_used="json")]


def path_of(scope: Scope) -> str:
    """Returns the path of a request below the root path."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


class RootPath:
    """ASGI middleware: finds the root path of a request, and puts it before its path."""

    def __init__(self, app: ASGIApp, *, root_path: str, trusted_proxies: Sequence[str]) -> None:
        self._app = app
        self._root_path = root_path
        self._trusted = [ip_network(network) for network in trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        root = self._forwarded(scope) or self._root_path
        token = _root.set(root)
        try:
            await self._app(_under(scope, root) if root else scope, receive, send)
        finally:
            _root.reset(token)

    def _forwarded(self, scope: Scope) -> str | None:
        given = Headers(scope=scope).get(HEADER, "").rstrip("/")
        is_prefix = _PREFIX.fullmatch(given) and not {".", ".."} & set(given.split("/"))
        return given if is_prefix and self._is_trusted(scope.get("client")) else None

    def _is_trusted(self, client: tuple[str, int] | None) -> bool:
        try:
            address = ip_address(client[0] if client else "")
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def _under(scope: Scope, root: str) -> Scope:
    path = scope["path"]
    if path != root and not path.startswith(f"{root}/"):
        path = root + path
    return {**scope, "root_path": root, "path": f"{root}/" if path == root else path}
