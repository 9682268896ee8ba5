"""Examples of answers: recorded ones for each operation, and one for each status of errors.

`python -m docs.record_answers` records them. Errors that any operation can answer with are made by
the same functions as the answers themselves.
"""

import json
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from pydantic import JsonValue
from starlette.responses import Response

from app.api.protocol.problems import PROBLEM_TYPE, clinic_error_response, problem_response
from app.domain.errors import (
    ClinicError,
    FileDamaged,
    Forbidden,
    IdempotencyInFlight,
    InvalidInput,
    NotFound,
    Problem,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

_SCOPE = {"path": "/v1/runs", "state": {"request_id": "5f0c3e0a9b4d4d0e8f7a6b5c4d3e2f10"}}
_JSON = "application/json"
_WRONG = Problem(
    pointer="/optimizer/learning_rate",
    detail="Input should be greater than 0",
    code="greater_than",
)
_ERRORS: tuple[ClinicError, ...] = (
    Unauthenticated(),
    Forbidden("This API key lacks the scope runs:write."),
    NotFound(),
    InvalidInput(f"The request is not valid. {_WRONG}", problems=[_WRONG]),
    TooLarge(),
    TooManyRequests(limit="key", most=2000, window_s=10, retry_after_s=3),
    Unavailable(),
    FileDamaged(),
    IdempotencyInFlight(),
)
#: Of the framework's errors: status, code and detail.
_FRAMEWORK = (
    (HTTPStatus.BAD_REQUEST, "unreadable_request", "The body is not valid UTF-8."),
    (HTTPStatus.NOT_ACCEPTABLE, "not_acceptable", "Accept one of application/json, text/csv."),
    (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "The body must be JSON, with a JSON Content-Type.",
    ),
    (
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "The service failed. Its log has the reason under this request id.",
    ),
)


def _body(response: Response) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(response.body))
    return body


@cache
def _recorded() -> dict[str, dict[str, JsonValue]]:
    """Operation -> status -> body."""
    text = (files("app.api.reference") / "answers.json").read_text()
    found: dict[str, dict[str, JsonValue]] = json.loads(text)
    return found


def errors_shown() -> dict[str, dict[str, JsonValue]]:
    """Returns status -> example, for the components of the document."""
    bodies = [_body(clinic_error_response(_SCOPE, error)) for error in _ERRORS]
    bodies += [
        _body(problem_response(_SCOPE, status, code=code, detail=detail))
        for status, code, detail in _FRAMEWORK
    ]
    return {
        f"status_{body['status']}": {"summary": str(body["code"]), "value": body} for body in bodies
    }


def show_answers(operation: dict[str, Any]) -> None:
    """Add an example to each answer of the operation that is JSON."""
    recorded = _recorded().get(operation["operationId"], {})
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            if media_type not in {_JSON, PROBLEM_TYPE} or "examples" in content:
                continue
            if status in recorded:
                content["examples"] = {
                    "recorded": {"summary": "As recorded", "value": recorded[status]}
                }
            elif media_type == PROBLEM_TYPE:
                reference = f"#/components/examples/status_{status}"
                content["examples"] = {f"status_{status}": {"$ref": reference}}
