"""The body that asks for predictions, and views of their state."""

import json
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.api.models.view import View
from app.api.protocol.problems import ProblemEntry
from app.api.protocol.root_path import Href
from app.domain.predictions import Prediction, PredictionResult, Source, Weights
from app.domain.runs import RunStatus
from app.services.predictions.read_prediction import PredictionRead

Cell = str | int | float | bool | None


class PredictionBody(BaseModel):
    """What to predict from: exactly one of the three."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    rows: Annotated[list[dict[str, Cell]], Field(min_length=1)] | None = None
    """Rows with the columns that the run reads; others are ignored. null stands for no value. Send
    more than a JSON body can hold as `text/csv`."""
    dataset_id: UUID | None = None
    """A data set of the workspace, with the columns that the run reads."""
    text: Annotated[str, Field(min_length=1)] | None = None
    """For a run on a text."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [each for each in (self.rows, self.dataset_id, self.text) if each is not None]
        if len(given) != 1:
            detail = "give exactly one of rows, dataset_id and text"
            raise ValueError(detail)
        return self

    def source(self) -> Source:
        if self.rows is not None:
            return Source(kind="json", content=json.dumps(self.rows).encode())
        if self.text is not None:
            return Source(kind="text", content=self.text.encode())
        return Source(kind="dataset", dataset_id=self.dataset_id)


class PredictionLinks(View):
    """Where to go from predictions."""

    self: Href
    """`DELETE` cancels it."""
    run: Href
    """The run whose weights predict."""


class PredictionFailureView(View):
    """Why there is no prediction."""

    code: str
    """Stable, for programs."""
    detail: str
    """For people."""
    errors: list[ProblemEntry]
    """Errors in the rows, with their places."""


class PredictionView(View):
    """Predictions by the weights of a run."""

    id: UUID
    """Id of the request."""
    run_id: UUID
    """The run whose weights predict."""
    weights: Weights
    """Which weights: the final ones, or those of the best evaluation."""
    status: RunStatus
    """Where it is in its life."""
    failure: PredictionFailureView | None
    """null unless it failed."""
    created_at: datetime
    """When it was asked for."""
    started_at: datetime | None
    """When a worker began; null before."""
    ended_at: datetime | None
    """It is kept for an hour after this time."""
    result: PredictionResult | None
    """null until it has succeeded."""
    links: PredictionLinks
    """Where to go from here."""


def view_prediction(found: Prediction) -> PredictionView:
    """A prediction without its result."""
    failure = found.failure
    base = f"/v1/runs/{found.run_id}"
    return PredictionView.of(
        found,
        failure=failure and PredictionFailureView.of(failure, errors=failure.problems),
        result=None,
        links=PredictionLinks(self=f"{base}/predictions/{found.id}", run=base),
    )


def prediction_json(read: PredictionRead) -> bytes:
    """The view with its result, which was stored as JSON and may be large: it is not parsed."""
    view = view_prediction(read.prediction).model_dump_json(exclude={"result"})
    return f'{view[:-1]},"result":{read.answer or "null"}}}'.encode()
