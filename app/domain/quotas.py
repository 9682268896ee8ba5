"""Quotas of a workspace, its usage, and checks whether one more run or upload fits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.errors import InvalidSpec, Problem, QueueFull, QuotaReached, TooManyRuns
from app.domain.estimate import TOO_LARGE, Estimate

GIB = 2**30
HOUR = timedelta(hours=1)
RUNS_PER_QUEUED_RUN = 10
MIN_RUNS_PER_HOUR = 60


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """The maximum that one workspace may use at a time."""

    #: Runs that wait for a worker.
    max_queued_runs: int = 1000
    #: Runs in training; further runs stay queued.
    max_running_runs: int = 1000
    #: Rows of telemetry, including the expected rows of runs that have not ended.
    max_rows: int = 10_000_000
    #: Bytes of telemetry, data sets and files of runs.
    max_storage_bytes: int = 100 * GIB
    #: Preflights, arms of comparisons included, that have not ended.
    max_preflights: int = 100
    #: Runs, forks, resumptions and preflights submitted in an hour, whatever became of them.
    #: None: RUNS_PER_QUEUED_RUN times max_queued_runs, and at least MIN_RUNS_PER_HOUR.
    max_runs_per_hour: int | None = None

    def overridden(self, own: Mapping[str, int | None]) -> "Quotas":
        """Returns these quotas with those replaced that the workspace has of its own."""
        return replace(self, **{name: most for name, most in own.items() if most is not None})

    @property
    def runs_per_hour(self) -> int:
        if self.max_runs_per_hour is not None:
            return self.max_runs_per_hour
        return max(MIN_RUNS_PER_HOUR, RUNS_PER_QUEUED_RUN * self.max_queued_runs)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a workspace uses of its quotas."""

    queued_runs: int
    running_runs: int
    rows: int
    storage_bytes: int
    preflights: int = 0


def check_run_fits(quotas: Quotas, usage: Usage, *, cost: Estimate) -> None:
    """Raises QueueFull or QuotaReached when the run does not fit at present.

    Raises InvalidSpec when it needs more rows than the whole quota.
    """
    if cost.rows > quotas.max_rows:
        detail = f"the run would leave {cost.rows} rows of telemetry; "
        detail += f"the quota of this workspace is {quotas.max_rows}"
        problem = Problem(pointer="/training/num_steps", detail=detail, code=TOO_LARGE)
        raise InvalidSpec(problems=[problem])
    check_queue(quotas, usage)
    if usage.rows + cost.rows > quotas.max_rows:
        raise QuotaReached(quota="rows", most=quotas.max_rows, used=usage.rows, wanted=cost.rows)
    check_storage(quotas, usage, wanted=0)


def check_queue(quotas: Quotas, usage: Usage) -> None:
    """Raises QueueFull unless one more run may be queued."""
    if usage.queued_runs >= quotas.max_queued_runs:
        raise QueueFull(most=quotas.max_queued_runs, used=usage.queued_runs)


def check_preflight_fits(quotas: Quotas, usage: Usage) -> None:
    """Raises QueueFull or QuotaReached unless one more preflight may be queued."""
    check_queue(quotas, usage)
    most, used = quotas.max_preflights, usage.preflights
    if used >= most:
        raise QuotaReached(quota="preflights", most=most, used=used, wanted=1)


@dataclass(frozen=True, kw_only=True)
class StoredBytes:
    """What a workspace stores, by kind."""

    #: In the database.
    telemetry: int
    #: In the artifact folder.
    checkpoints: int
    artifacts: int
    #: Uploaded data sets, in the database.
    uploads: int
    #: Data and results of predictions, in the database.
    predictions: int

    @property
    def total(self) -> int:
        """What the quota of storage limits."""
        files = self.checkpoints + self.artifacts
        return self.telemetry + files + self.uploads + self.predictions


def check_storage(quotas: Quotas, usage: Usage, *, wanted: int) -> None:
    """Raises QuotaReached unless `wanted` more bytes fit."""
    most, used = quotas.max_storage_bytes, usage.storage_bytes
    if used + wanted > most or used >= most:
        raise QuotaReached(quota="storage-bytes", most=most, used=used, wanted=wanted)


def spend_run(quotas: Quotas, *, full_at: datetime | None, now: datetime) -> datetime:
    """Returns when the allowance of runs per hour is full again, after one more run.

    `full_at` is that time before the run; None is never spent. The allowance refills evenly, so
    that after a burst of the whole quota one run more is allowed in each `HOUR / quota` (the
    generic cell rate algorithm). Raises TooManyRuns.
    """
    most = quotas.runs_per_hour
    missing = max(timedelta(0), full_at - now) if full_at is not None else timedelta(0)
    if most == 0:
        raise TooManyRuns(most=0, used=0, retry_after_s=HOUR.total_seconds())
    each = HOUR / most
    if missing + each > HOUR + timedelta(milliseconds=1):
        wait_s = (missing + each - HOUR).total_seconds()
        raise TooManyRuns(most=most, used=min(most, round(missing / each)), retry_after_s=wait_s)
    return now + missing + each
