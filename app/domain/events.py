"""A run's numbered event log. Events are never changed, and are deleted only with the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue


class EventKind(StrEnum):
    """The kind of an event, which determines the keys of its data."""

    #: The status changed, or a client asked to cancel: `{status, attempt, reason?, detail?}`.
    STATUS = "status"
    #: Steps were trained: `{attempt, step, steps_per_second, loss}`.
    PROGRESS = "progress"
    #: The task's metrics were measured: `{step, metrics: {split: {metric: value}}}`.
    EVALUATION = "evaluation"
    #: A finding is new, or its state or severity changed:
    #: `{code, scope, state, severity, impact, first_step, explanation}`.
    FINDING = "finding"
    #: Training returned to an earlier state with a lower learning rate: `{attempt, step, to_step,
    #: failure, factor, is_measured, learning_rate_factor}`. The last is the product of all factors.
    ROLLED_BACK = "rolled_back"
    #: Critical findings stop the run, by `training.on_finding`: `{attempt, step, codes}`.
    STOPPING = "stopping"
    #: A checkpoint was saved: `{attempt, step, num_bytes, sha256, for_resume}`. That of the best
    #: step has false, because only forks start from it.
    CHECKPOINT = "checkpoint"
    #: Readings of an earlier attempt after step `to_step` were deleted, all of them for -1:
    #: `{attempt, to_step, reason?}`.
    REWOUND = "rewound"
    #: Training continues from a checkpoint: `{attempt, from_step, is_bitwise, differences}`. It is
    #: not bit for bit when the machine, a library or the number of threads differs.
    CONTINUED = "continued"
    #: The run's files were published: `{attempt, names, error}`; the error is one sentence when
    #: they could not be written.
    ARTIFACTS = "artifacts"
    #: Training waited because the database accepted no readings: `{attempt, step, waiting_for,
    #: waited_s}`.
    WAITED = "waited"
    #: The end of training: `{status, stop_reason, error}`. Only `trial` may follow.
    END = "end"
    #: By `training.on_finding`, the remedies of the run that ended are tried: `{trial_id, error}`.
    #: The error is one sentence when no trial could be started; then `trial_id` is null.
    TRIAL = "trial"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event of a run."""

    #: Counted from 1 within the run, without gaps.
    number: int
    kind: EventKind
    created_at: datetime
    data: Mapping[str, JsonValue]
