"""Views of runs of all workspaces, for operators."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.api.models.request import RequestModel
from app.api.models.run import ProgressView, view_progress
from app.api.models.view import View
from app.api.protocol.pages import DEFAULT_LIMIT
from app.api.protocol.root_path import Href
from app.domain.runs import Run, RunStatus, StopReason
from app.store.all_runs import AllRunsFilters, RunKind


class AdminRunQuery(RequestModel):
    """The query of a list of runs of all workspaces."""

    status: list[RunStatus] = Field([], max_length=len(RunStatus))
    """Repeatable: where the run is in its life."""
    workspace_id: UUID | None = None
    """Runs of this workspace."""
    worker_id: UUID | None = None
    """The worker that claimed it last."""
    kind: RunKind | None = None
    """Null: both."""
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200)
    """The largest number of runs on the page."""
    cursor: str | None = Field(None, max_length=200)
    """Opaque: `next` of the page before contains it."""

    def filters(self) -> AllRunsFilters:
        return AllRunsFilters(
            statuses=self.status,
            workspace_id=self.workspace_id,
            worker_id=self.worker_id,
            kind=self.kind,
        )


class AdminRunLinks(View):
    """Where to go from a run of any workspace."""

    cancel: Href
    """`POST` cancels it."""


class AdminRunView(View):
    """A run or preflight of any workspace: what it takes, and not what it found."""

    id: UUID
    """Id of the run or preflight."""
    workspace_id: UUID
    """The workspace that it belongs to."""
    kind: RunKind
    """Whether it is a run or a preflight."""
    name: str
    """Its name."""
    status: RunStatus
    """Where it is in its life."""
    stop_reason: StopReason | None
    """Why it ended; null until then."""
    error: str | None
    """One sentence for people where it failed."""
    waiting_for: str | None
    """What a queued run waits for, `its workspace to be resumed` among others."""
    attempt: int
    """How many times a worker has claimed it."""
    priority: int
    """Its priority in the queue of its workspace."""
    model: str
    """Kind of the model."""
    dataset: str
    """Kind of the data set."""
    device: str | None
    """Where it trains or trained, as torch names it; null before it started."""
    worker_id: UUID | None
    """The worker that claimed it last; null before the first claim."""
    progress: ProgressView
    """How far it is."""
    cancel_requested_at: datetime | None
    """When it was asked to stop; null where it was not."""
    created_at: datetime
    """When it was submitted."""
    started_at: datetime | None
    """When it was first claimed; null before."""
    ended_at: datetime | None
    """When it ended; null before."""
    links: AdminRunLinks
    """Where to go from here."""


class AdminRunPage(View):
    """One page of the runs of all workspaces."""

    items: list[AdminRunView]
    """Runs, the newest first."""
    next: str | None
    """URL of the next page; null on the last page."""


def view_admin_run(run: Run, *, waiting_for: str | None) -> AdminRunView:
    is_preflight = run.preflight_steps is not None
    return AdminRunView.of(
        run,
        kind="preflight" if is_preflight else "run",
        waiting_for=waiting_for,
        model=run.spec.model.kind,
        dataset=run.spec.dataset.kind,
        progress=view_progress(run),
        links=AdminRunLinks(cancel=f"/v1/admin/runs/{run.id}/cancel"),
    )
