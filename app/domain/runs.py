"""A run: one execution of one job spec; its statuses and the only ways between them.

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
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts


class RunStatus(StrEnum):
    """Where in its life a run is; never a judgement."""

    #: Stored and waiting for a free worker.
    QUEUED = "queued"
    #: A worker has claimed it and holds its lease.
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self in ENDED


class StopReason(StrEnum):
    """Why a run ended."""

    #: All steps were done.
    COMPLETED = "completed"
    CONVERGED = "converged"
    #: Loss or weights stopped being finite: a result, not an error.
    DIVERGED = "diverged"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    #: Its workers died under it too often.
    LOST = "lost"
    #: The training process raised or died.
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out_of_memory"
    #: The data cannot serve the spec.
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
        StopReason.CANCELLED: RunStatus.CANCELLED,
        StopReason.LOST: RunStatus.FAILED,
        StopReason.CRASHED: RunStatus.FAILED,
        StopReason.OUT_OF_MEMORY: RunStatus.FAILED,
        StopReason.INVALID_DATA: RunStatus.FAILED,
    }
)

COMPLETED_AS_ASKED = frozenset({StopReason.COMPLETED, StopReason.CONVERGED})


def check_transition(present: RunStatus, wanted: RunStatus) -> None:
    """Raise IllegalTransition unless TRANSITIONS has it."""
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
    #: Name, tags and notes may be edited; they stand beside the spec, which never changes.
    name: str
    tags: tuple[str, ...]
    notes: str
    spec: JobSpec
    status: RunStatus
    stop_reason: StopReason | None
    #: One sentence for people when the run failed.
    error: str | None
    #: Fencing token: how many times the run was claimed.
    attempt: int
    #: Rises with every fenced write; the ETag.
    version: int
    priority: int
    crash_count: int
    cancel_requested_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    #: Optimizer steps done.
    progress_step: int
    steps_per_second: float | None
    #: split -> metric -> last value.
    metrics: Mapping[str, Mapping[str, float | None]]
    best: BestScore | None
    task: TaskFacts | None
    #: As torch names it, for example `cpu` or `cuda:0`; None before the first claim.
    device: str | None
    worker_id: UUID | None
    tensor_names: tuple[str, ...]
    #: Share of wall time that probes took, so far.
    probe_share: float | None
    probe_seconds: float | None
    verdict: str | None
    finding_codes: tuple[str, ...]
    is_diagnosis_final: bool
    parent_run_id: UUID | None
    parent_step: int | None
    #: Steps that a preflight tries, 0 for the initial weights alone; None for an ordinary run.
    preflight_steps: int | None = None
    #: None until the run goes on from a checkpoint, then whether bit for bit each time.
    is_continued_bitwise: bool | None = None
    #: Training stands still because the database takes no more readings at present.
    waits_for_database: bool = False
    #: When its readings were dropped because of their age.
    telemetry_dropped_at: datetime | None = None

    @property
    def completed_as_asked(self) -> bool | None:
        return None if self.stop_reason is None else self.stop_reason in COMPLETED_AS_ASKED
