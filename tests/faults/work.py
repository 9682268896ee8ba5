"""Runs of a few specs, and what each spec leaves when nothing disturbs it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from app.domain.specs.job import JobSpec
from tests.faults.checker import LAST_CHECKPOINT, Comparison, Remains, compare, remains_of
from tests.faults.clinic import Clinic
from tests.workers import wait_until

UNENDED = "SELECT count(*) FROM runs WHERE id = ANY(:run_ids) AND ended_at IS NULL"
#: By the database's clock, which is this machine's.
CLAIMED_AT = """
    SELECT extract(epoch FROM created_at) FROM events
    WHERE run_id = :run_id AND kind = 'status' AND data ->> 'status' = 'running'
      AND (data ->> 'attempt')::int = :attempt
"""
#: For those that wait behind others on a busy machine.
LONGEST_RUN_S = 900.0
MAX_COMPLAINTS = 10


def small_spec(**changes: object) -> JobSpec:
    """A network so small that a process which trains it is as good as all overhead."""
    body: dict[str, object] = {
        "model": {"kind": "elman", "hidden_size": 8},
        "dataset": {"kind": "adding", "length": 20},
        "training": {"num_steps": 150, "batch_size": 4, "evaluate_every": 50},
        "probes": {"tier": "economy", "every": 60},
    }
    return JobSpec.model_validate(body | changes)


#: Every cell, both optimizers with a state of their own, dropout, a second layer.
SMALL_SPECS = (
    small_spec(optimizer={"kind": "sgd", "momentum": 0.9, "learning_rate": 0.01}),
    small_spec(model={"kind": "gru", "hidden_size": 8}),
    small_spec(model={"kind": "lstm", "hidden_size": 8, "num_layers": 2, "dropout": 0.3}),
    small_spec(dataset={"kind": "copy_memory", "length": 5}),
)
#: The same networks, long enough in training that something can happen to them meanwhile.
LONG_SPECS = tuple(
    small_spec(
        **spec.model_dump(exclude={"training", "probes"}),
        training={"num_steps": 400, "batch_size": 4, "evaluate_every": 100},
    )
    for spec in SMALL_SPECS
)


@dataclass(kw_only=True)
class Tally:
    """What was done to many runs, summed up."""

    num_runs: int = 0
    num_lost: int = 0
    num_rows: int = 0
    num_missing: int = 0
    num_duplicate: int = 0
    num_wrong: int = 0
    num_stale: int = 0
    num_weights_equal: int = 0
    num_attempts: int = 0
    #: Only the first few are kept.
    complaints: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return self.num_runs > 0 and not self.complaints

    def add(self, run_id: UUID, run: Remains, found: Comparison) -> None:
        self.num_runs += 1
        self.num_lost += found.is_lost
        self.num_rows += len(run.readings)
        self.num_missing += found.num_missing
        self.num_duplicate += found.num_duplicate
        self.num_wrong += found.num_wrong
        self.num_stale += found.num_stale
        self.num_weights_equal += found.are_weights_equal
        self.num_attempts += run.attempt
        if not found.is_equal:
            self.complain(f"run {run_id}: {run.status} {run.stop_reason} {run.error}: {found}")

    def complain(self, words: str) -> None:
        if len(self.complaints) < MAX_COMPLAINTS:
            self.complaints.append(words)

    def figures(self) -> dict[str, int | float | str]:
        return {
            "runs": self.num_runs,
            "runs lost": self.num_lost,
            "attempts": self.num_attempts,
            "rows compared": self.num_rows,
            "rows missing": self.num_missing,
            "rows twice": self.num_duplicate,
            "rows of another value": self.num_wrong,
            "stale writes": self.num_stale,
            "final weights equal by SHA-256": f"{self.num_weights_equal}/{self.num_runs}",
        }


class Work:
    """Submits runs and judges them once they have ended."""

    def __init__(self, clinic: Clinic, specs: Sequence[JobSpec] = SMALL_SPECS) -> None:
        """Trains each spec in peace, once a clinic: it needs a worker that is ready."""
        self._clinic, self._specs = clinic, specs
        self._spec_of: dict[UUID, int] = {}
        new = [spec for spec in specs if spec not in clinic.undisturbed]
        ids = [clinic.group.submit(spec) for spec in new]
        self.wait_for_ends(ids)
        for spec, run_id in zip(new, ids, strict=True):
            left = self.remains(run_id)
            assert left.stop_reason == "completed", left.error
            clinic.undisturbed[spec] = left
        self._undisturbed = [clinic.undisturbed[spec] for spec in specs]
        #: From claim to end of the longest, on this machine as busy as it is.
        self.duration_s = max(left.duration_s for left in self._undisturbed)
        self._pending: tuple[int, str] | None = None

    @property
    def run_ids(self) -> list[UUID]:
        """Those that somebody was told of."""
        return list(self._spec_of)

    @property
    def num_runs(self) -> int:
        return len(self._spec_of)

    def submit(self, *, with_bell: bool = True) -> UUID:
        """The next spec in turn, straight into the store."""
        number = self.num_runs % len(self._specs)
        group = self._clinic.group
        submit = group.submit if with_bell else group.submit_silently
        run_id = submit(self._specs[number])
        self._spec_of[run_id] = number
        return run_id

    def post(self) -> UUID | None:
        """Over HTTP, under the same idempotency key until it is acknowledged; None when not yet."""
        number, key = self._pending or (self.num_runs % len(self._specs), uuid4().hex)
        self._pending = (number, key)
        body = self._specs[number].model_dump(mode="json")
        try:
            answer = self._clinic.api.http.post(
                "/v1/runs", json=body, headers={"Idempotency-Key": key}
            )
        except httpx.TransportError:
            return None
        if answer.status_code in {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.CONFLICT}:
            return None
        assert answer.status_code == httpx.codes.CREATED, answer.text
        self._pending = None
        run_id = UUID(answer.json()["id"])
        self._spec_of[run_id] = number
        return run_id

    def num_unended(self, run_ids: Sequence[UUID] | None = None) -> int:
        """Of these, or of all."""
        asked = self.run_ids if run_ids is None else list(run_ids)
        with self._clinic.runs.engine.connect() as connection:
            found = connection.execute(text(UNENDED), {"run_ids": asked}).scalar_one()
        return int(found)

    def wait_for_ends(self, run_ids: Sequence[UUID] | None = None) -> None:
        wait_until(lambda: self.num_unended(run_ids) == 0, within_s=LONGEST_RUN_S)

    def claimed_at(self, run_id: UUID, attempt: int) -> float | None:
        """In seconds since the epoch; None when the run never had this attempt."""
        with self._clinic.runs.engine.connect() as connection:
            values = {"run_id": run_id, "attempt": attempt}
            moment = connection.execute(text(CLAIMED_AT), values).scalar_one_or_none()
        return None if moment is None else float(moment)

    def has_checkpoint(self, run_id: UUID) -> bool:
        with self._clinic.runs.engine.connect() as connection:
            found = connection.execute(text(LAST_CHECKPOINT), {"run_id": run_id})
            return found.one_or_none() is not None

    def remains(self, run_id: UUID) -> Remains:
        with self._clinic.runs.engine.connect() as connection:
            return remains_of(connection, self._clinic.home / "artifacts", run_id)

    def undisturbed(self, run_id: UUID) -> Remains:
        """What the run should have left."""
        return self._undisturbed[self._spec_of[run_id]]

    def judge(self) -> Tally:
        """All of them; whoever waits for their ends has done so."""
        tally = Tally()
        for run_id in self.run_ids:
            run = self.remains(run_id)
            tally.add(run_id, run, compare(run, self.undisturbed(run_id)))
        return tally
