"""A disk of artifacts that is filled, made read-only and taken away at random moments."""

import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from uuid import UUID

from safetensors.torch import load_file
from sqlalchemy import text

from tests.disks import MIB, Disk, mounted_at
from tests.faults.clinic import Clinic
from tests.faults.results import Result
from tests.faults.work import LONG_SPECS, Work
from tests.workers import wait_until

NUM_WORKERS = 2
#: Runs that wait or train at a time.
NUM_AT_A_TIME = 4
DISK_BYTES = 64 * MIB
#: A fault lasts up to this time.
LONGEST_FAULT_S = 3.0
#: A full disk is filled again so often, before others can use what has become free.
FILL_EVERY_S = 0.01
#: A worker removes what is unfinished right after the end of its run.
CLEAN_WITHIN_S = 10.0
MODEL = """
    SELECT stored_name, sha256 FROM artifacts
    WHERE run_id = :run_id AND name = 'model.safetensors'
"""
SUCCEEDED = "SELECT id FROM runs WHERE id = ANY(:run_ids) AND status = 'succeeded'"
HOLDS = """
    SELECT count(*) FROM events
    WHERE run_id = ANY(:run_ids) AND kind = 'status' AND data ->> 'reason' = 'artifact_space'
"""


class DiskFaults:
    """What is done to the disk; each fault is over when the call returns."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.by_name: dict[str, Callable[[float], None]] = {
            "full": self._fill,
            "read-only": lambda for_s: self._harm(disk.make_read_only, for_s),
            "taken away": lambda for_s: self._harm(disk.take_away, for_s),
        }

    def _harm(self, harm: Callable[[], None], for_s: float) -> None:
        harm()
        time.sleep(for_s)
        self._disk.repair()

    def _fill(self, for_s: float) -> None:
        over_at_s = time.monotonic() + for_s
        while time.monotonic() < over_at_s:
            self._disk.fill()
            time.sleep(FILL_EVERY_S)
        self._disk.repair()


class Inspection:
    """Looks for weights that are lost and for successes that are none."""

    def __init__(self, clinic: Clinic, work: Work) -> None:
        self._clinic, self._work = clinic, work
        self._folder = clinic.home / "artifacts"
        #: Runs that succeeded and whose published weights are missing, damaged or different.
        self.false_successes: set[UUID] = set()

    def look(self) -> None:
        """The disk must be well."""
        for run_id in self._ids(SUCCEEDED):
            if self._model(run_id) != self._work.undisturbed(run_id).weights:
                self.false_successes.add(run_id)

    def count_holds(self) -> int:
        with self._clinic.runs.engine.connect() as connection:
            found = connection.execute(text(HOLDS), {"run_ids": self._work.run_ids})
            return int(found.scalar_one())

    def is_clean(self) -> bool:
        return not list(self._folder.rglob("*.part"))

    def _ids(self, statement: str) -> list[UUID]:
        with self._clinic.runs.engine.connect() as connection:
            found = connection.execute(text(statement), {"run_ids": self._work.run_ids})
            return list(found.scalars())

    def _model(self, run_id: UUID) -> str | None:
        """Returns a digest of the published weights; None when they are missing or damaged."""
        with self._clinic.runs.engine.connect() as connection:
            row = connection.execute(text(MODEL), {"run_id": run_id}).one_or_none()
        path = None if row is None else self._folder / str(run_id) / row.stored_name
        if row is None or path is None or not path.exists():
            return None
        is_whole = hashlib.sha256(path.read_bytes()).hexdigest() == row.sha256
        return digest_model(path) if is_whole else None


def digest_model(path: Path) -> str:
    """Returns the digest that a checkpoint with the same weights has in `tests.faults.checker`."""
    sha = hashlib.sha256()
    for name, tensor in sorted(load_file(path).items()):
        sha.update(f"weights/{name}".encode() + tensor.numpy().tobytes())
    return sha.hexdigest()


def lose_the_artifacts(clinic: Clinic, random: Random, *, num_each: int) -> Result:
    """Each fault happens `num_each` times, and at least as many runs train as there are faults."""
    with tempfile.TemporaryDirectory(prefix="disk-") as folder:
        link = clinic.home / "artifacts"
        with mounted_at(link, Path(folder) / "mounts", size_bytes=DISK_BYTES) as disk:
            return _lose(clinic, random, disk, num_each=num_each)


def _lose(clinic: Clinic, random: Random, disk: Disk, *, num_each: int) -> Result:
    clinic.group.of(NUM_WORKERS)
    work = Work(clinic, LONG_SPECS)
    inspection, faults = Inspection(clinic, work), DiskFaults(disk)
    names = [name for name in faults.by_name for _ in range(num_each)]
    for name in random.sample(names, len(names)):
        work.submit()
        while work.num_unended() < NUM_AT_A_TIME:
            work.submit()
        time.sleep(random.uniform(0, work.duration_s))
        faults.by_name[name](random.uniform(0, LONGEST_FAULT_S))
        inspection.look()
    work.wait_for_ends()
    inspection.look()
    wait_until(inspection.is_clean, within_s=CLEAN_WITHIN_S)
    tally = work.judge()
    if inspection.false_successes:
        tally.complain(f"succeeded without their weights: {sorted(inspection.false_successes)}")
    figures = {
        "faults": len(names),
        **{f"of these, {name}": number for name, number in Counter(names).items()},
        "times that a run waited for the folder": inspection.count_holds(),
        "false successes": len(inspection.false_successes),
        **tally.figures(),
    }
    return Result(passed=tally.is_clean, figures=figures, complaints=tally.complaints)
