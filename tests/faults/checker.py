"""Compares what a disturbed run has left with what the same spec leaves when nothing disturbs it.

It reads the tables and the files itself, so that a fault in the service's own readers hides none.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from safetensors.torch import load_file
from sqlalchemy import Connection, text

#: Every reading but those of wall time: kind, step, scope, quantity, then its values.
READINGS = """
    SELECT 'step', step, '', '',
           concat_ws('/', loss, grad_norm, clip_coefficient, update_ratio, learning_rate,
                     non_finite_count)
    FROM telemetry WHERE run_id = :run_id
    UNION ALL
    SELECT 'tensor', step, tensor, '',
           concat_ws('/', grad_norm, weight_norm, update_ratio, zero_fraction)
    FROM tensor_telemetry WHERE run_id = :run_id
    UNION ALL
    SELECT 'probe', step, scope, path, log_norm::text FROM probe_readings WHERE run_id = :run_id
    UNION ALL
    SELECT 'position', step, scope, direction,
           concat_ws('/', log_hidden, log_immediate, log_cell, num_sequences)
    FROM position_readings WHERE run_id = :run_id
    UNION ALL
    SELECT 'reading', step, scope, quantity, value::text FROM scalar_readings
    WHERE run_id = :run_id AND quantity NOT IN ('probe_seconds', 'probe_share')
    UNION ALL
    SELECT 'gap', step, scope, quantity, reason FROM probe_gaps WHERE run_id = :run_id
"""
BATCHES = """
    SELECT seq, attempt FROM telemetry_chunks WHERE run_id = :run_id
    UNION SELECT seq, attempt FROM scalar_readings WHERE run_id = :run_id
    UNION SELECT seq, attempt FROM probe_readings WHERE run_id = :run_id
    UNION SELECT seq, attempt FROM position_readings WHERE run_id = :run_id
    UNION SELECT seq, attempt FROM probe_gaps WHERE run_id = :run_id
    ORDER BY 1, 2
"""
EVENTS = "SELECT number, kind, data FROM events WHERE run_id = :run_id ORDER BY number"
RUN = """
    SELECT status, stop_reason, error, attempt, next_seq,
           coalesce(extract(epoch FROM ended_at - started_at), 0)::float8 AS duration_s
    FROM runs WHERE id = :run_id
"""
LAST_CHECKPOINT = """
    SELECT step, name FROM checkpoints WHERE run_id = :run_id ORDER BY step DESC LIMIT 1
"""

Key = tuple[str, int, str, str]


@dataclass(frozen=True, kw_only=True)
class Remains:
    """All that is there of one run."""

    status: str
    stop_reason: str | None
    error: str | None
    attempt: int
    next_seq: int
    #: From the last claim to the end.
    duration_s: float
    #: Each reading under its key; one that is there twice is in the list twice.
    readings: Sequence[tuple[Key, str]]
    #: Number of the batch and the attempt that wrote it.
    batches: Sequence[tuple[int, int]]
    #: Number, kind, data.
    events: Sequence[tuple[int, str, Mapping[str, object]]]
    #: SHA-256 of the weights in the last checkpoint, and how many steps were done then; None where
    #: there is no checkpoint, or its file is gone.
    weights: str | None
    weights_step: int | None

    @property
    def claims(self) -> list[int]:
        """The attempts in the order of their claims."""
        return [int(str(data["attempt"])) for _, kind, data in self.events if _is_claim(kind, data)]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A disturbed run beside the undisturbed one; all zero and equal when no harm was done."""

    #: It has not ended, or not as the other.
    is_lost: bool
    num_missing: int
    num_duplicate: int
    #: Readings of another value, or that the other run has not.
    num_wrong: int
    #: Writes of an attempt after a later one had the run.
    num_stale: int
    are_weights_equal: bool
    #: What else is wrong with its log.
    faults: Sequence[str] = field(default=())

    @property
    def is_equal(self) -> bool:
        harm = (self.num_missing, self.num_duplicate, self.num_wrong, self.num_stale)
        return not (self.is_lost or any(harm) or self.faults) and self.are_weights_equal


def remains_of(connection: Connection, artifacts: Path, run_id: UUID) -> Remains:
    """In one snapshot, where the connection is set so."""
    who = {"run_id": run_id}
    run = connection.execute(text(RUN), who).one()
    saved = connection.execute(text(LAST_CHECKPOINT), who).one_or_none()
    readings = connection.execute(text(READINGS), who).all()
    return Remains(
        status=run.status,
        stop_reason=run.stop_reason,
        error=run.error,
        attempt=run.attempt,
        next_seq=run.next_seq,
        duration_s=run.duration_s,
        readings=[((row[0], row[1], row[2], row[3]), row[4]) for row in readings],
        batches=[(row.seq, row.attempt) for row in connection.execute(text(BATCHES), who)],
        events=[(row.number, row.kind, row.data) for row in connection.execute(text(EVENTS), who)],
        weights=None if saved is None else digest_weights(artifacts / str(run_id) / saved.name),
        weights_step=None if saved is None else saved.step,
    )


def digest_weights(checkpoint: Path) -> str | None:
    """Of the weights alone: other parts of a checkpoint tell the time that training took."""
    if not checkpoint.exists():
        return None
    sha = hashlib.sha256()
    for name, tensor in sorted(load_file(checkpoint).items()):
        if name.startswith("weights/"):
            sha.update(name.encode() + tensor.numpy().tobytes())
    return sha.hexdigest()


def compare(run: Remains, undisturbed: Remains) -> Comparison:
    expected, found = dict(undisturbed.readings), Counter(key for key, _ in run.readings)
    wrong = {key for key, value in run.readings if expected.get(key) != value}
    return Comparison(
        is_lost=(run.status, run.stop_reason) != (undisturbed.status, undisturbed.stop_reason),
        num_missing=sum(key not in found for key in expected),
        num_duplicate=sum(number - 1 for number in found.values()),
        num_wrong=len(wrong),
        num_stale=len(list(stale_events(run))),
        are_weights_equal=run.weights is not None
        and (run.weights, run.weights_step) == (undisturbed.weights, undisturbed.weights_step),
        faults=[*_faults_of_log(run), *_faults_of_batches(run)],
    )


def compare_beginning(run: Remains, undisturbed: Remains) -> Comparison:
    """Of a run that was to end early: what it has measured is how the other one began."""
    steps = [key[1] for key, _ in run.readings if key[0] == "step"]
    last = max(steps, default=-1)
    begun = [entry for entry in undisturbed.readings if entry[0][1] <= last]
    mine = [entry for entry in run.readings if entry[0][0] in {"step", "tensor"}]
    theirs = [entry for entry in begun if entry[0][0] in {"step", "tensor"}]
    as_begun = {"readings": theirs, "status": run.status, "stop_reason": run.stop_reason}
    beginning = Remains(**{**vars(undisturbed), **as_begun, "weights": "", "weights_step": 0})
    measured = Remains(**{**vars(run), "readings": mine, "weights": "", "weights_step": 0})
    return compare(measured, beginning)


def stale_events(run: Remains) -> Iterator[int]:
    """Numbers of what an attempt has written after the claim of a later one."""
    holder = 0
    for number, kind, data in run.events:
        attempt = int(str(data.get("attempt", holder)))
        if _is_claim(kind, data):
            holder = attempt
        elif attempt < holder:
            yield number


def _is_claim(kind: str, data: Mapping[str, object]) -> bool:
    is_asked_to_stop = data.get("reason") == "cancel_requested"
    return kind == "status" and data.get("status") == "running" and not is_asked_to_stop


def _faults_of_log(run: Remains) -> Iterator[str]:
    numbers = [number for number, _, _ in run.events]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"events are not numbered one by one: {numbers}"
    if run.claims != list(range(1, run.attempt + 1)):
        yield f"attempts do not rise one by one: {run.claims}"
    num_ends = sum(kind == "end" for _, kind, _ in run.events)
    if run.stop_reason is not None and num_ends != 1:
        yield f"the run has ended {num_ends} times"


def _faults_of_batches(run: Remains) -> Iterator[str]:
    numbers = [number for number, _ in run.batches]
    if numbers != list(range(run.next_seq)):
        yield f"batches are not numbered one by one up to {run.next_seq}: {numbers}"
    attempts = [attempt for _, attempt in run.batches]
    if attempts != sorted(attempts):
        yield f"batches of earlier attempts follow later ones: {attempts}"
