"""Views of runs of all workspaces, for operators."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.api.models.request import RequestModel
from app.api.models.run import ProgressView, view_progress
from app.api.models.view import View
from app.api.protocol.pages import DEFAULT_LIMIT
from app.domain.runs import Run, RunStatus, StopReason
from app.store.all_runs import AllRunsFilters, RunKind


class AdminRunQuery(RequestModel):
    """The query of a list of runs of all workspaces."""

    status: list[RunStatus] = Field([], max_length=len(RunStatus))
    workspace_id: UUID | None = None
    worker_id: UUID | None = None
    """The worker that claimed it last."""
    kind: RunKind | None = None
    """Null: both."""
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200)
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
    cancel: str
    """`POST` cancels it."""


class AdminRunView(View):
    """A run or preflight of any workspace: what it takes, and not what it found."""

    id: UUID
    workspace_id: UUID
    kind: RunKind
    name: str
    status: RunStatus
    stop_reason: StopReason | None
    error: str | None
    waiting_for: str | None
    """What a queued run waits for, `its workspace to be resumed` among others."""
    attempt: int
    priority: int
    model: str
    """Kind of the model."""
    dataset: str
    """Kind of the data set."""
    device: str | None
    worker_id: UUID | None
    progress: ProgressView
    cancel_requested_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    links: AdminRunLinks


class AdminRunPage(View):
    items: list[AdminRunView]
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
