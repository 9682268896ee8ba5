"""One run with what its page shows, in one answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.api.models.artifacts import ArtifactView
from app.api.models.diagnosis import DiagnosisView
from app.api.models.events import EventView
from app.api.models.gradient_flow import GradientFlowView
from app.api.models.history import HistoryView
from app.api.models.run import RunView
from app.api.models.view import View
from app.domain.runs import Run, RunStatus
from app.domain.specs.lineage import RunPurpose
from app.services.runs.read_lineage import Lineage

#: What can be included in the answer to one run.
IncludedPart = Literal[
    "verdict",
    "sparklines",
    "diagnosis",
    "lineage",
    "events",
    "artifacts",
    "history",
    "gradient_flow",
]


class RelatedRunView(View):
    """A run that another one descends from, or that descends from it."""

    id: UUID
    """Names it in paths."""
    name: str
    """As a client gave it; may be empty."""
    status: RunStatus
    """Where it is in its life."""
    verdict: str | None
    """Of its diagnosis; null before the first one."""
    purpose: RunPurpose | None
    """What it was made for beside its parent, as in the run's `lineage`; null for most."""
    remedy: str | None
    """Kind of the remedy that it tries; null where none is tried."""
    parent_step: int | None
    """The step at which it was forked from its parent; null where it began with step 0."""
    created_at: datetime
    """When it was submitted."""


class RunLineageView(View):
    """The relatives of a run."""

    ancestors: list[RelatedRunView]
    """The parent first."""
    children: list[RelatedRunView]
    """The newest first, at most 100."""


class IncludedView(View):
    """What the query asked to include. Null: not asked for, or not there."""

    diagnosis: DiagnosisView | None = None
    """Null too where the readings were deleted before anything was judged."""
    lineage: RunLineageView | None = None
    """The runs that it descends from, and those that descend from it."""
    events: list[EventView] | None = None
    """The latest 50, the oldest of them first."""
    artifacts: list[ArtifactView] | None = None
    """Its files, as `GET /v1/runs/{run_id}/artifacts` answers."""
    history: HistoryView | None = None
    """Of the loss and the gradient norm, as `GET /v1/runs/{run_id}/history` answers."""
    gradient_flow: GradientFlowView | None = None
    """As `GET /v1/runs/{run_id}/gradient-flow` answers."""


class RunDetailView(RunView):
    """A run, and more of it where the query asks for it."""

    included: Annotated[IncludedView | None, Field(exclude_if=lambda one: one is None)] = None
    """Absent unless `include` names one of its fields."""


def view_lineage(lineage: Lineage) -> RunLineageView:
    return RunLineageView(
        ancestors=_view_related(lineage.ancestors), children=_view_related(lineage.children)
    )


def _view_related(runs: Sequence[Run]) -> list[RelatedRunView]:
    return [RelatedRunView.of(run) for run in runs]
