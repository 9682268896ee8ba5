"""How workers train, and how a lost worker is noticed."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from app.settings.base import HomeSettings
from app.settings.values import MIB, Count, Seconds, count_cores

#: Judging a run inside a transaction takes seconds on a busy machine.
SHORTEST_STALL_S = 10.0
#: What `timing` fast sets, except for variables that are set themselves.
FAST_TIMING = {"heartbeat_s": 1.0, "lease_s": 4.0, "sweep_s": 1.0}


class TrainingSettings(HomeSettings):
    """The settings of training, and of the search for lost workers."""

    slots: int = Field(default_factory=count_cores, ge=1, le=1024)
    """Runs that one worker trains at the same time; by default as many as it has cores."""
    threads_per_run: int = Field(default=1, ge=1, le=256)
    """Intra-op threads of one run. Another number changes the bits of a run."""
    checkpoint_every_s: Seconds = 60.0
    """Seconds of training between two checkpoints."""
    diagnose_every_s: Seconds = 10.0
    """Seconds between two diagnoses of a running run."""
    max_crashes: Count = 3
    """A run is failed when its process or worker has died this often since its last checkpoint."""
    max_pending_bytes: Count = 64 * MIB
    """Readings that a run holds in memory while the database is away; above it training waits."""
    timing: Literal["default", "fast"] = "default"
    """How fast a lost worker is noticed: sets the heartbeat, the lease and the sweep."""
    heartbeat_s: Seconds = 5.0
    """Seconds between two signs of life of a running run."""
    lease_s: Seconds = 20.0
    """A run without a sign of life for this long goes back to the queue. At least 3 heartbeats."""
    sweep_s: Seconds = 2.0
    """Seconds between two searches for lost runs and lost wake-up messages."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in_timing(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {**FAST_TIMING, **given} if given.get("timing") == "fast" else given

    @model_validator(mode="after")
    def _lease_outlasts_heartbeats(self) -> Self:
        if self.lease_s < 3 * self.heartbeat_s:
            detail = "CLINIC_LEASE_S must be at least three times CLINIC_HEARTBEAT_S"
            raise ValueError(detail)
        return self

    @property
    def stalled_after_s(self) -> float:
        """After so many silent seconds in a transaction, when its lease is over, a session ends."""
        return max(self.lease_s, SHORTEST_STALL_S)
