"""Predictions by the weights of a run: what is asked, its limits, and what a worker answers.

queued ──claim──> running ──> succeeded | failed
   │                 │
   └────cancel───────┴──────> cancelled
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from app.domain.artifacts import ArtifactKind
from app.domain.errors import (
    ClinicError,
    FileDamaged,
    InvalidData,
    Problem,
    TooLarge,
    Unavailable,
)
from app.domain.runs import RunStatus

#: Most bytes of the rows or the text of a request.
MAX_BODY_BYTES = 8 * 2**20
#: Most rows of one prediction.
MAX_ROWS = 100_000
#: Most bytes of an answer.
MAX_ANSWER_BYTES = 32 * 2**20
#: Memory and wall time that one prediction may take.
MAX_MEMORY_BYTES = 2 * 2**30
MAX_SECONDS = 60.0
#: What helps against each of these bounds.
FEWER = "ask for fewer rows at a time"
#: Workers that compute one prediction when each before was lost.
MAX_ATTEMPTS = 3
#: Predictions of one workspace that wait or run, and ended ones that are kept.
MAX_UNFINISHED = 20
MAX_KEPT = 50
KEPT_FOR = timedelta(hours=1)
#: A prediction that no worker takes in this time fails.
QUEUED_FOR = timedelta(minutes=15)

#: `final` are the weights of the last step, `best` those of the best evaluation.
Weights = Literal["best", "final"]
FILE_OF: Mapping[Weights, ArtifactKind] = {
    "best": ArtifactKind.BEST,
    "final": ArtifactKind.MODEL,
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class PredictedRow(_Part):
    """The prediction for one time ahead, for one sequence, or for one of its timesteps."""

    series: str | None = None
    """The label in the column that tells series or sequences apart; null without one."""
    row: int | None = None
    """Of the timestep in the request: JSON rows are counted from 1, and the header of a CSV is row
    1. For a sequence, its last row. Null for texts and for times ahead."""
    timestep: int | None = None
    """Position in the sequence that the network read, from 1. Null where the prediction is for a
    whole sequence."""
    steps_ahead: int | None = None
    """Timesteps after the last row of the series; null outside of forecasts."""
    timestamp: float | str | None = None
    """Time that the prediction is for, in the form of the time column. Null where the steps of the
    window differ, so that the times that follow are not known, and without a time column."""
    values: dict[str, float] = {}
    """Name of the target -> prediction, in the units of the data."""
    quantiles: dict[str, dict[str, float]] = {}
    """Name of the target -> level -> prediction, where the loss was `quantile`."""
    label: str | None = None
    """The class, or the next symbol of a text, with the highest probability."""
    probabilities: dict[str, float] = {}
    """Class or symbol -> probability. The empty name stands for symbols that are not known."""


class PredictionResult(_Part):
    """All predictions of one request."""

    meaning: str
    """What the numbers are, in one sentence."""
    weights_step: int | None
    """Optimizer steps after which the weights were saved."""
    predictions: tuple[PredictedRow, ...]
    """One entry for each time ahead, sequence or timestep."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The rows or the text of a request."""

    #: `json` is a JSON array of objects. A data set has no content of its own.
    kind: Literal["json", "csv", "text", "dataset"]
    content: bytes = b""
    dataset_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why there is no prediction."""

    #: A code of FAILURES.
    code: str
    detail: str
    problems: tuple[Problem, ...] = ()

    def as_error(self) -> ClinicError:
        kind = FAILURES.get(self.code, Unavailable)
        if issubclass(kind, InvalidData):
            return kind(self.detail, problems=self.problems)
        return kind(self.detail)


FAILURES: Mapping[str, type[ClinicError]] = {
    kind.code: kind for kind in (InvalidData, TooLarge, FileDamaged, Unavailable)
}


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One request for predictions, without its rows and its answer."""

    id: UUID
    workspace_id: UUID
    run_id: UUID
    weights: Weights
    status: RunStatus
    #: The fencing token, raised by every claim.
    attempt: int
    #: Raised by every change.
    version: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    failure: Failure | None
