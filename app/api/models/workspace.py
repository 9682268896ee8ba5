"""Bodies and views of workspaces, with quotas and usage."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.api.models.request import RequestModel
from app.api.models.view import View
from app.domain.specs.base import MAX_INT, WHOLE, CleanText
from app.services.accounts.get_workspace import WorkspaceAccount

#: Largest integer that every JSON reader represents exactly.
MAX_EXACT = 2**53 - 1
_Name = Annotated[CleanText, Field(min_length=1, max_length=200)]
_Runs = Annotated[int, Field(strict=True, ge=0, le=MAX_INT), WHOLE]
_Amount = Annotated[int, Field(strict=True, ge=0, le=MAX_EXACT), WHOLE]


class OwnQuotas(RequestModel):
    """Quotas of one workspace. Null: the installation's quota."""

    max_queued_runs: _Runs | None = None
    """Queued runs."""
    max_running_runs: _Runs | None = None
    """Runs in training. Further runs stay queued."""
    max_rows: _Amount | None = None
    """Rows of telemetry."""
    max_storage_bytes: _Amount | None = None
    """Bytes of telemetry, data sets and files of runs."""
    max_preflights: _Runs | None = None
    """Preflights, arms of comparisons included, that have not ended."""
    max_runs_per_hour: _Runs | None = None
    """Runs, forks, resumptions and preflights submitted in an hour, whatever became of them."""


class WorkspaceOrder(RequestModel):
    """Name and quotas of a new workspace."""

    name: _Name
    """Name of the workspace."""
    quotas: OwnQuotas = OwnQuotas()
    """Its own quotas; those left out are the installation's."""


class WorkspaceChanges(RequestModel):
    """A merge patch. Fields left out are unchanged."""

    name: _Name = Field(default_factory=str)
    """It cannot be null."""
    quotas: OwnQuotas | None = None
    """Null: the installation's quotas for all."""

    def columns(self) -> dict[str, str | int | None]:
        """The columns to change in the workspace's row."""
        name = {"name": self.name} if "name" in self.model_fields_set else {}
        if "quotas" not in self.model_fields_set:
            return {**name}
        if self.quotas is None:
            return {**name, **OwnQuotas().model_dump()}
        return {**name, **self.quotas.model_dump(exclude_unset=True)}


class WorkspaceView(View):
    """The owner of runs, data sets and keys. Other workspaces cannot see them."""

    id: UUID
    """Id of the workspace."""
    name: str
    """Name for people."""
    created_at: datetime
    """When it was made."""
    suspended_at: datetime | None
    """Since then its keys are refused and its runs wait; null while it is not suspended."""


class QuotasView(View):
    """Quotas in force: the workspace's own, otherwise the installation's."""

    max_queued_runs: int
    """Queued runs."""
    max_running_runs: int
    """Runs in training."""
    max_rows: int
    """Rows of telemetry."""
    max_storage_bytes: int
    """Bytes of telemetry, data sets and files of runs."""
    max_preflights: int
    """Preflights that have not ended."""
    max_runs_per_hour: int
    """Runs, forks, resumptions and preflights submitted in an hour."""


class UsageView(View):
    """Present usage."""

    queued_runs: int
    """Queued runs."""
    running_runs: int
    """Runs in training."""
    rows: int
    """Rows of telemetry, including the expected rows of unfinished runs."""
    storage_bytes: int
    """Bytes of telemetry, data sets and files of runs."""
    preflights: int
    """Preflights that have not ended."""


class WorkspaceAccountView(WorkspaceView):
    """A workspace with its quotas and its usage."""

    quotas: QuotasView
    """Quotas in force."""
    own_quotas: list[str]
    """Names of the quotas that the workspace has of its own."""
    usage: UsageView
    """What of them is used."""


class WorkspacePage(View):
    """One page of workspaces."""

    items: list[WorkspaceView]
    """Workspaces, the oldest first."""
    next: str | None
    """URL of the next page; null on the last page."""


def view_account(account: WorkspaceAccount) -> WorkspaceAccountView:
    workspace = account.workspace
    return WorkspaceAccountView.of(
        workspace,
        quotas=QuotasView.of(account.quotas, max_runs_per_hour=account.quotas.runs_per_hour),
        own_quotas=[name for name, most in workspace.own_quotas.items() if most is not None],
        usage=account.usage,
    )
