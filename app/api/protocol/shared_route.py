"""Routes whose answers are shared by viewers who take one that is a moment old."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from app.api.protocol.browser import session_token
from app.api.protocol.deps import resources_of, sign_in
from app.api.protocol.shared_answers import Handler, accepted_age_s


class SharedRoute(APIRoute):
    """A read whose answer depends on its address, on the workspace and on the caller's scopes."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def share(request: Request) -> Response:
            return await answer_shared(request, handle)

        return share


async def answer_shared(request: Request, handle: Handler) -> Response:
    """Answers from what other viewers got a moment ago, if the client takes that."""
    if not accepted_age_s(request):
        return await handle(request)
    caller = await sign_in(request)
    resources = await resources_of(request)
    accept = request.headers.get("accept", "")
    key = (caller.workspace_id, caller.scopes, accept, session_token(request) is not None)
    return await resources.shared_answers.answer(request, key, handle)
