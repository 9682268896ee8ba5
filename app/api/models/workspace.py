"""Workspaces as clients see them: what they may have, and what they have."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.api.models.view import View
from app.domain.specs.base import MAX_INT, WHOLE, CleanText
from app.services.accounts.get_workspace import WorkspaceAccount

#: JSON numbers are exact up to here.
MAX_EXACT = 2**53 - 1
_Name = Annotated[CleanText, Field(min_length=1, max_length=200)]
_Runs = Annotated[int, Field(strict=True, ge=0, le=MAX_INT), WHOLE]
_Amount = Annotated[int, Field(strict=True, ge=0, le=MAX_EXACT), WHOLE]


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class OwnQuotas(_Asked):
    """What one workspace may have at a time; null is the installation's quota."""

    max_queued_runs: _Runs | None = None
    """Runs that wait for a worker."""
    max_running_runs: _Runs | None = None
    """Runs in training; more of them stay queued."""
    max_rows: _Amount | None = None
    """Rows of telemetry, one a flush of the recorder."""
    max_storage_bytes: _Amount | None = None
    """Telemetry, data sets and files of runs."""


class WorkspaceOrder(_Asked):
    """What a new workspace is called and may have."""

    name: _Name
    quotas: OwnQuotas = OwnQuotas()


class WorkspaceChanges(_Asked):
    """A merge patch: what is not named stays."""

    name: _Name = Field(default_factory=str)
    """Unlike a quota it cannot be given up."""
    quotas: OwnQuotas | None = None
    """Null gives up all that are its own."""

    def columns(self) -> dict[str, str | int | None]:
        """What is to change in the workspace's row."""
        name = {"name": self.name} if "name" in self.model_fields_set else {}
        if "quotas" not in self.model_fields_set:
            return {**name}
        if self.quotas is None:
            return {**name, **OwnQuotas().model_dump()}
        return {**name, **self.quotas.model_dump(exclude_unset=True)}


class WorkspaceView(View):
    """The owner of runs, data sets and keys; nothing is seen across two of them."""

    id: UUID
    name: str
    created_at: datetime


class QuotasView(View):
    """The most that it may have at a time: its own quotas, else the installation's."""

    max_queued_runs: int
    max_running_runs: int
    max_rows: int
    max_storage_bytes: int


class UsageView(View):
    """What it has; two requests of one moment may both find the same room."""

    queued_runs: int
    running_runs: int
    rows: int
    """Rows of telemetry, those included that unfinished runs are reckoned to leave."""
    storage_bytes: int


class WorkspaceAccountView(WorkspaceView):
    """A workspace, what it may have and what it has."""

    quotas: QuotasView
    own_quotas: list[str]
    """Names of the quotas that are not the installation's."""
    usage: UsageView


class WorkspacePage(View):
    items: list[WorkspaceView]
    next: str | None


def view_account(account: WorkspaceAccount) -> WorkspaceAccountView:
    workspace = account.workspace
    return WorkspaceAccountView.of(
        workspace,
        quotas=account.quotas,
        own_quotas=[name for name, most in workspace.own_quotas.items() if most is not None],
        usage=account.usage,
    )
