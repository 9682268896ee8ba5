"""Quotas, time limits, and how long things are kept."""

from typing import Self

from pydantic import Field, model_validator

from app.domain.quotas import Quotas
from app.domain.time_limits import TimeLimits
from app.settings.base import HomeSettings
from app.settings.values import Amount, Seconds, TrainingSeconds

_USUAL_QUOTAS = Quotas()


class LimitSettings(HomeSettings):
    """The settings that bound what a workspace may use, and for how long."""

    max_queued_runs: Amount = _USUAL_QUOTAS.max_queued_runs
    """Queued runs of a workspace without a quota of its own."""
    max_running_runs: Amount = _USUAL_QUOTAS.max_running_runs
    """Running runs of a workspace without a quota of its own."""
    max_rows: Amount = _USUAL_QUOTAS.max_rows
    """Rows of telemetry of a workspace without a quota of its own."""
    max_storage_bytes: Amount = _USUAL_QUOTAS.max_storage_bytes
    """Stored bytes of a workspace without a quota of its own."""
    max_runs_per_hour: int | None = Field(default=None, ge=1, le=2**31 - 1)
    """Runs that a workspace submits in an hour; by default ten times its queued runs, or 60."""
    max_preflights: Amount = _USUAL_QUOTAS.max_preflights
    """Preflights that have not ended of a workspace without a quota of its own."""
    preflight_time_limit_s: Seconds = 300.0
    """Seconds after which a preflight is stopped."""
    default_time_limit_s: TrainingSeconds | None = None
    """Seconds of training of a run whose spec has no time limit."""
    max_time_limit_s: TrainingSeconds | None = None
    """The largest time limit of a run, which also is its default where none is set."""
    retention_days: int | None = Field(default=None, ge=1, le=100_000)
    """Days after which the readings of ended runs are dropped, one month of runs at a time."""
    audit_retention_days: int = Field(default=365, ge=1, le=100_000)
    """Days after which a record of the audit log is deleted."""

    @model_validator(mode="after")
    def _default_time_limit_is_allowed(self) -> Self:
        default_s, max_s = self.default_time_limit_s, self.max_time_limit_s
        if default_s is not None and max_s is not None and default_s > max_s:
            detail = "CLINIC_DEFAULT_TIME_LIMIT_S must be at most CLINIC_MAX_TIME_LIMIT_S"
            raise ValueError(detail)
        return self

    @property
    def quotas(self) -> Quotas:
        """Of a workspace that has none of its own."""
        return Quotas(
            max_queued_runs=self.max_queued_runs,
            max_running_runs=self.max_running_runs,
            max_rows=self.max_rows,
            max_storage_bytes=self.max_storage_bytes,
            max_preflights=self.max_preflights,
            max_runs_per_hour=self.max_runs_per_hour,
        )

    @property
    def time_limits(self) -> TimeLimits:
        """Of runs."""
        return TimeLimits(default_s=self.default_time_limit_s, max_s=self.max_time_limit_s)
