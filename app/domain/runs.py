"""A run: one execution of one job spec; its statuses and the transitions between them.

queued ──claim──> running ──> succeeded | failed | cancelled
   ^                 │
   ├──── rescue ─────┘        queued ──cancel──> cancelled
   └──resume── succeeded | failed | cancelled
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from app.domain.errors import IllegalTransition
from app.domain.rollbacks import RollbackSummary
from app.domain.specs.job import JobSpec
from app.domain.specs.lineage import RunPurpose
from app.domain.task import TaskFacts


class RunStatus(StrEnum):
    """The stage of a run's life; it does not judge the training."""

    #: The run waits for a worker.
    QUEUED = "queued"
    #: A worker has claimed the run and holds its lease.
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self in ENDED


class StopReason(StrEnum):
    """Why a run ended."""

    #: All steps were trained.
    COMPLETED = "completed"
    CONVERGED = "converged"
    #: The loss or the weights became non-finite. This is a result and not an error.
    DIVERGED = "diverged"
    TIMED_OUT = "timed_out"
    #: A critical finding ended it, as `training.on_finding` says.
    CRITICAL_FINDING = "critical_finding"
    CANCELLED = "cancelled"
    #: The run's workers died too often.
    LOST = "lost"
    #: The training process raised an error or died.
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out_of_memory"
    #: The data does not fit the spec.
    INVALID_DATA = "invalid_data"


ENDED = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED})

TRANSITIONS: Mapping[RunStatus, frozenset[RunStatus]] = MappingProxyType(
    {
        RunStatus.QUEUED: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED}),
        RunStatus.RUNNING: frozenset({RunStatus.QUEUED, *ENDED}),
        RunStatus.SUCCEEDED: frozenset({RunStatus.QUEUED}),
        RunStatus.FAILED: frozenset({RunStatus.QUEUED}),
        RunStatus.CANCELLED: frozenset({RunStatus.QUEUED}),
    }
)

STATUS_OF: Mapping[StopReason, RunStatus] = MappingProxyType(
    {
        StopReason.COMPLETED: RunStatus.SUCCEEDED,
        StopReason.CONVERGED: RunStatus.SUCCEEDED,
        StopReason.DIVERGED: RunStatus.SUCCEEDED,
        StopReason.TIMED_OUT: RunStatus.SUCCEEDED,
        StopReason.CRITICAL_FINDING: RunStatus.SUCCEEDED,
        StopReason.CANCELLED: RunStatus.CANCELLED,
        StopReason.LOST: RunStatus.FAILED,
        StopReason.CRASHED: RunStatus.FAILED,
        StopReason.OUT_OF_MEMORY: RunStatus.FAILED,
        StopReason.INVALID_DATA: RunStatus.FAILED,
    }
)

COMPLETED_AS_ASKED = frozenset({StopReason.COMPLETED, StopReason.CONVERGED})


def check_transition(present: RunStatus, wanted: RunStatus) -> None:
    """Raises IllegalTransition unless TRANSITIONS allows the change."""
    if wanted not in TRANSITIONS[present]:
        detail = f"a {present} run cannot become {wanted}"
        raise IllegalTransition(detail)


@dataclass(frozen=True, kw_only=True)
class BestScore:
    """The best evaluation on the validation split so far."""

    step: int
    metric: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of a job spec, as the database holds it."""

    id: UUID
    workspace_id: UUID
    #: Name, tags and notes may be edited. The spec changes only when the run is resumed.
    name: str
    tags: tuple[str, ...]
    notes: str
    spec: JobSpec
    status: RunStatus
    stop_reason: StopReason | None
    #: One sentence for the client when the run failed.
    error: str | None
    #: Number of times that the run was claimed; it is the fencing token.
    attempt: int
    #: Raised by every change that clients can see; it is the ETag.
    version: int
    priority: int
    crash_count: int
    cancel_requested_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    #: Number of optimizer steps done.
    progress_step: int
    steps_per_second: float | None
    #: Split -> metric -> last value.
    metrics: Mapping[str, Mapping[str, float | None]]
    best: BestScore | None
    task: TaskFacts | None
    #: Torch's name, for example `cpu` or `cuda:0`; None before training starts.
    device: str | None
    worker_id: UUID | None
    tensor_names: tuple[str, ...]
    #: Share of the wall time that probes took so far.
    probe_share: float | None
    probe_seconds: float | None
    verdict: str | None
    finding_codes: tuple[str, ...]
    is_diagnosis_final: bool
    parent_run_id: UUID | None
    parent_step: int | None
    #: What it was made for, if another run led to it; that run is its parent.
    purpose: RunPurpose | None = None
    #: Kind of the remedy that it tries.
    remedy: str | None = None
    #: Number of steps of a preflight, 0 for the initial weights only; None for an ordinary run.
    preflight_steps: int | None = None
    #: Estimated memory of training; 0 where it is unknown.
    expected_memory_bytes: int = 0
    #: The preflights of the same comparison, the base first; None outside of a comparison.
    compared_ids: tuple[UUID, ...] | None = None
    #: None until the run continues from a checkpoint; then whether every continuation was bitwise.
    is_continued_bitwise: bool | None = None
    #: True while training waits because the database accepts no readings.
    waits_for_database: bool = False
    #: None without any.
    rollbacks: RollbackSummary | None = None
    #: What a queued run is held for: no worker claims it until this is there. None otherwise.
    held_for: str | None = None
    #: All complete windows of its series below this step are stored.
    windowed_steps: int = 0
    #: When its readings were dropped because of their age.
    telemetry_dropped_at: datetime | None = None

    @property
    def completed_as_asked(self) -> bool | None:
        return None if self.stop_reason is None else self.stop_reason in COMPLETED_AS_ASKED
