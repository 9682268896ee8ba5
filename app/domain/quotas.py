"""Quotas of a workspace, its usage, and checks whether one more run or upload fits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.errors import InvalidSpec, Problem, QueueFull, QuotaReached
from app.domain.estimate import TOO_LARGE, Estimate

GIB = 2**30


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

    def overridden(self, own: Mapping[str, int | None]) -> "Quotas":
        """Returns these quotas with those replaced that the workspace has of its own."""
        return replace(self, **{name: most for name, most in own.items() if most is not None})


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


def check_storage(quotas: Quotas, usage: Usage, *, wanted: int) -> None:
    """Raises QuotaReached unless `wanted` more bytes fit."""
    most, used = quotas.max_storage_bytes, usage.storage_bytes
    if used + wanted > most or used >= most:
        raise QuotaReached(quota="storage-bytes", most=most, used=used, wanted=wanted)
