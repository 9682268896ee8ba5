"""A run's numbered log: what happened to it, in order; never edited, and gone only with the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue


class EventKind(StrEnum):
    """What an event tells."""

    #: The status changed, or cancelling was asked for: `{status, attempt, reason?}`.
    STATUS = "status"
    #: Steps were done: `{attempt, step, steps_per_second, loss}`.
    PROGRESS = "progress"
    #: The task's metrics were measured: `{step, metrics: {split: {metric: value}}}`.
    EVALUATION = "evaluation"
    #: A finding is new, or changed its state or severity:
    #: `{code, scope, state, severity, impact, first_step, explanation}`.
    FINDING = "finding"
    #: A moment that the run can go on from was saved: `{attempt, step, num_bytes, sha256}`.
    CHECKPOINT = "checkpoint"
    #: Readings of an earlier attempt were taken back: `{attempt, to_step, reason?}`; -1 is before
    #: the first.
    REWOUND = "rewound"
    #: Training goes on from a checkpoint: `{attempt, from_step, is_bitwise, differences}`. Where
    #: the machine, a library or the number of threads differs, it goes on, but not bit for bit.
    CONTINUED = "continued"
    #: What the run leaves was published: `{attempt, names, error}`; the error is one sentence on
    #: what the artifact store did not take.
    ARTIFACTS = "artifacts"
    #: Training stood still because the database took no more readings: `{attempt, step,
    #: waiting_for, waited_s}`.
    WAITED = "waited"
    #: The last event: `{status, stop_reason, error}`.
    END = "end"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One entry of the log."""

    #: Counted from 1 within the run, without gaps.
    number: int
    kind: EventKind
    created_at: datetime
    data: Mapping[str, JsonValue]
