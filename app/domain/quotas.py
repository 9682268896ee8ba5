"""What one workspace may have, what it has, and whether one more run or upload fits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.errors import InvalidSpec, Problem, QueueFull, QuotaReached
from app.domain.estimate import TOO_LARGE, Estimate

GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """The most that one workspace may have at a time."""

    #: Runs that wait for a worker.
    max_queued_runs: int = 1000
    #: Runs in training; more of them stay queued.
    max_running_runs: int = 1000
    #: Rows of telemetry, those included that unfinished runs are reckoned to leave.
    max_rows: int = 10_000_000
    #: Telemetry, data sets and files of runs.
    max_storage_bytes: int = 100 * GIB

    def overridden(self, own: Mapping[str, int | None]) -> "Quotas":
        """These, but for what a workspace has of its own."""
        return replace(self, **{name: most for name, most in own.items() if most is not None})


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a workspace has; to be held against its quotas."""

    queued_runs: int
    running_runs: int
    rows: int
    storage_bytes: int


def check_run_fits(quotas: Quotas, usage: Usage, *, cost: Estimate) -> None:
    """Raise QueueFull, QuotaReached or, where no waiting would help, InvalidSpec."""
    if cost.rows > quotas.max_rows:
        detail = f"the run would leave {cost.rows} rows of telemetry; "
        detail += f"the most that this workspace may have is {quotas.max_rows}"
        problem = Problem(pointer="/training/num_steps", detail=detail, code=TOO_LARGE)
        raise InvalidSpec(problems=[problem])
    check_queue(quotas, usage)
    if usage.rows + cost.rows > quotas.max_rows:
        raise QuotaReached(quota="rows", most=quotas.max_rows, used=usage.rows, wanted=cost.rows)
    check_storage(quotas, usage, wanted=0)


def check_queue(quotas: Quotas, usage: Usage) -> None:
    """Raise QueueFull unless one more may wait."""
    if usage.queued_runs >= quotas.max_queued_runs:
        raise QueueFull(most=quotas.max_queued_runs, used=usage.queued_runs)


def check_storage(quotas: Quotas, usage: Usage, *, wanted: int) -> None:
    """Raise QuotaReached unless so many bytes more fit."""
    most, used = quotas.max_storage_bytes, usage.storage_bytes
    if used + wanted > most or used >= most:
        raise QuotaReached(quota="storage-bytes", most=most, used=used, wanted=wanted)
