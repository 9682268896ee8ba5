"""POST /v1/runs/{id}/predict: predictions by the weights of a run, as its predict.py makes them."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, JsonValue, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.api.models.prediction import (
    PredictionBody,
    PredictionView,
    prediction_json,
    view_prediction,
)
from app.api.preflights.submission import MAX_WAIT_S
from app.api.protocol.bodies import JsonRoute, is_json
from app.api.protocol.conditional import NOT_MODIFIED, conditional
from app.api.protocol.deps import ProcessResources, Read, RunsReader, Work
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.idempotency import Answer, Idempotent
from app.api.protocol.root_path import at
from app.api.runs.waiting import wait_for_end
from app.domain.errors import (
    FileDamaged,
    IdempotencyInFlight,
    IllegalTransition,
    NoWeights,
    Overloaded,
)
from app.domain.predictions import MAX_BODY_BYTES, Prediction, Source, Weights
from app.services.predictions.cancel_prediction import cancel_prediction
from app.services.predictions.read_prediction import read_prediction
from app.services.predictions.submit_prediction import submit_prediction
from app.services.runs.read_versions import read_versions
from app.settings import Settings
from app.store.database import UnitOfWork, unit_of_work
from app.store.predictions import find_prediction

#: Shorter than the timeout of most HTTP clients.
DEFAULT_WAIT_S = 20.0
_CSV_EXAMPLE = "month,co2\n1958-03,315.71\n1958-04,317.45\n1958-05,317.5\n"
_EXAMPLES: dict[str, JsonValue] = {
    "rows": {
        "summary": "Rows",
        "value": {"rows": [{"month": "1958-03", "co2": 315.71}, {"month": "1958-04", "co2": 317}]},
    },
    "dataset": {
        "summary": "An uploaded data set",
        "value": {"dataset_id": "01920000-0000-7000-8000-000000000000"},
    },
    "text": {"summary": "A text", "value": {"text": "To be, or not to be"}},
}
_BODY: dict[str, JsonValue] = {
    "required": True,
    "description": "Rows of a table, a data set, or a text. A CSV is read as predict.py reads it.",
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/PredictionBody"},
            "examples": _EXAMPLES,
        },
        "text/csv": {"schema": {"type": "string"}, "example": _CSV_EXAMPLE},
        "text/plain": {"schema": {"type": "string"}, "example": "To be, or not to be"},
    },
}


class PredictRoute(JsonRoute):
    """An operation that takes the rows of a table as JSON or CSV."""

    def max_bytes(self, settings: Settings) -> int:  # noqa: ARG002 - rows may be more than a spec
        return MAX_BODY_BYTES


router = APIRouter(
    prefix="/v1/runs", tags=["predictions"], responses=ALWAYS, route_class=PredictRoute
)


class _KeptPrediction(BaseModel):
    """The part of an answer that names its prediction."""

    id: UUID


def _known_run(run_id: UUID, caller: RunsReader, read: Read) -> None:
    """Raises NotFound before the body is looked at."""
    read(lambda work: read_versions(work, workspace_id=caller.workspace_id, run_id=run_id))


async def _source(request: Request, _: Annotated[None, Depends(_known_run)]) -> Source:
    """Raises RequestValidationError for a JSON body of another form, and HTTPException 415."""
    content_type = request.headers.get("content-type", "")
    if is_json(content_type):
        document = await request.json()
        try:
            return PredictionBody.model_validate(document, strict=False).source()
        except ValidationError as error:
            places = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
            raise RequestValidationError(places, body=document) from error
    content = await request.body()
    match content_type.partition(";")[0].strip().lower():
        case "text/csv":
            return Source(kind="csv", content=content)
        case "text/plain":
            return Source(kind="text", content=content)
        case _:
            detail = "Send application/json, or the rows as text/csv, or a text as text/plain."
            raise HTTPException(415, detail=detail)


@router.post(
    "/{run_id}/predict",
    response_model=PredictionView,
    responses={
        202: {
            "model": PredictionView,
            "description": "Not finished within `wait_s`. `Location` is where to read it.",
        },
        **documented(404, 415, NoWeights(), IdempotencyInFlight(), FileDamaged()),
    },
    openapi_extra={"requestBody": _BODY},
    operation_id="create_prediction",
    summary="Predict with the weights of a run",
    response_description="The predictions have ended; their rows, or why they failed.",
)
async def post_prediction(
    run_id: UUID,
    caller: RunsReader,
    resources: ProcessResources,
    source: Annotated[Source, Depends(_source)],
    idempotent: Idempotent,
    weights: Annotated[
        Weights | None,
        Query(
            description="`final`: of the last step; `best`: of the best evaluation. Default: the "
            "final ones, or the best ones where the run published no others."
        ),
    ] = None,
    wait_s: Annotated[
        float,
        Query(ge=0, le=MAX_WAIT_S, allow_inf_nan=False, description="Seconds to wait for the end."),
    ] = DEFAULT_WAIT_S,
) -> Response:
    """A worker computes what the run's `predict.py` prints for the same rows. Needs `runs:read`.

    A forecast is made from the last window of each series, in the order of the time column. What
    cannot be used is answered 422 with row and column; a run without weights 409. At most 100,000
    rows; a workspace has at most 20 predictions that wait or run.
    """

    def submit(work: UnitOfWork) -> Answer:
        prediction = submit_prediction(
            work,
            workspace_id=caller.workspace_id,
            run_id=run_id,
            weights=weights,
            source=source,
            quotas=resources.settings.quotas,
        )
        view = view_prediction(prediction)
        return Answer(status=202, body=view, headers={"Location": at(view.links.self)})

    answer = await run_in_threadpool(idempotent.answer_once, submit)
    prediction_id = _KeptPrediction.model_validate_json(answer.body).id
    with suppress(Overloaded):  # too many callers wait: this one does not
        await wait_for_end(
            resources.event_hub,
            caller=caller,
            run_id=prediction_id,
            timeout_s=wait_s,
            find=find_prediction,
        )

    def present() -> Response:
        with unit_of_work(resources.engine) as work:
            found = read_prediction(
                work,
                workspace_id=caller.workspace_id,
                run_id=run_id,
                prediction_id=prediction_id,
            )
        _raise_failure(found.prediction)
        return Response(
            prediction_json(found),
            status_code=200 if found.prediction.status.has_ended else 202,
            media_type="application/json",
            headers=dict(answer.headers),
        )

    return await run_in_threadpool(present)


@router.get(
    "/{run_id}/predictions/{prediction_id}",
    response_model=PredictionView,
    responses={**NOT_MODIFIED, **documented(404)},
    summary="Read predictions",
    response_description="The predictions, with their rows once they have succeeded.",
)
def get_prediction(
    request: Request, run_id: UUID, prediction_id: UUID, caller: RunsReader, read: Read
) -> Response:
    """Kept for an hour after their end. `failure` has the places of what could not be used."""
    found = read(
        lambda work: read_prediction(
            work,
            workspace_id=caller.workspace_id,
            run_id=run_id,
            prediction_id=prediction_id,
        )
    )
    return conditional(request, prediction_json(found), media_type="application/json")


@router.delete(
    "/{run_id}/predictions/{prediction_id}",
    status_code=202,
    responses=documented(404, IllegalTransition("The predictions have ended.")),
    operation_id="cancel_prediction",
    summary="Cancel predictions",
    response_description="The predictions, which are cancelled.",
)
def delete_prediction(
    run_id: UUID, prediction_id: UUID, caller: RunsReader, work: Work
) -> PredictionView:
    """Cancelled at once; a worker that computes them stops within seconds. 409 when ended."""
    found = cancel_prediction(
        work, workspace_id=caller.workspace_id, run_id=run_id, prediction_id=prediction_id
    )
    return view_prediction(found)


def _raise_failure(prediction: Prediction) -> None:
    """Raises the error for which there is no prediction."""
    if prediction.failure is not None:
        raise prediction.failure.as_error()
