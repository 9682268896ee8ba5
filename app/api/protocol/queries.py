"""Refuses unknown query parameters: with a misspelt `dry_run` a run would be stored."""

from typing import Any

from fastapi import Request

from app.domain.errors import MAX_PROBLEMS, InvalidInput, Problem


async def refuse_unknown_query(request: Request) -> None:
    """Raise InvalidInput for a parameter that the OpenAPI document does not name.

    Health checks and the docs accept any query, since load balancers and caches add parameters.
    """
    given = set(request.query_params)
    operation = _operation_of(request) if given else None
    if operation is None:
        return
    known = {part["name"] for part in operation.get("parameters", ()) if part["in"] == "query"}
    problems = [
        Problem(
            pointer=f"query/{name}",
            detail=f"There is no such parameter. Known are {', '.join(sorted(known)) or 'none'}",
            code="extra_forbidden",
        )
        for name in sorted(given - known)[:MAX_PROBLEMS]
    ]
    if problems:
        detail = f"The request is not valid. {problems[0]}."
        raise InvalidInput(detail, problems=problems)


def _operation_of(request: Request) -> dict[str, Any] | None:
    path = getattr(request.scope.get("route"), "path", "")
    if not path.startswith("/v1/"):
        return None
    operation: dict[str, Any] | None = request.app.openapi()["paths"][path].get(
        request.method.lower()
    )
    return operation
