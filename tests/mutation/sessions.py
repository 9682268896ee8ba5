"""Sessions of cosmic-ray: one SQLite file a module, which an interrupted run goes on from."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from tests.mutation.mutants import Equivalent, Mutant, Outcome, changed_lines, why_skipped

_MUTANTS = """
    SELECT job_id, module_path, operator_name, occurrence, start_pos_row, start_pos_col,
           worker_outcome, test_outcome, output, diff
    FROM mutation_specs LEFT JOIN work_results USING (job_id)
    ORDER BY module_path, start_pos_row, start_pos_col, operator_name, occurrence
"""
_SKIP = "INSERT INTO work_results (job_id, worker_outcome, output) VALUES (?, 'SKIPPED', ?)"


def skip(session: Path, *, root: Path) -> None:
    """Mark the mutants that tell nothing, so that they are not tried."""
    with closing(sqlite3.connect(session)) as database, database:
        for row in database.execute(_MUTANTS).fetchall():
            job, module, operator, occurrence, *place = row[:6]
            original = (root / module).read_text()
            mutated = mutate_code(original, get_operator(operator)(), occurrence)
            reason = why_skipped(operator, original, mutated, place=tuple(place))
            if reason:
                database.execute(_SKIP, (job, reason))


def forget_survivors(session: Path, *, but: Sequence[Equivalent]) -> None:
    """Have the survivors tried again, but for those that are known to be equivalent."""
    with closing(sqlite3.connect(session)) as database, database:
        for job, mutant in _jobs(database):
            if mutant.outcome is Outcome.SURVIVED and not any(
                one.is_same_as(mutant) for one in but
            ):
                database.execute("DELETE FROM work_results WHERE job_id = ?", (job,))


def num_pending(session: Path) -> int:
    return sum(one.outcome is Outcome.UNKNOWN for one in mutants_of(session))


def mutants_of(session: Path) -> list[Mutant]:
    with closing(sqlite3.connect(session)) as database:
        return [mutant for _, mutant in _jobs(database)]


def _jobs(database: sqlite3.Connection) -> Iterator[tuple[str, Mutant]]:
    """Each mutant with the id of its job."""
    rows = database.execute(_MUTANTS).fetchall()
    for job, module, operator, _, line_number, _, worker, test, output, diff in rows:
        before, after = changed_lines(diff or "")
        outcome = _outcome(worker, test)
        mutant = Mutant(
            module=module,
            operator=operator,
            outcome=outcome,
            at_import=outcome is Outcome.KILLED and "during collection" in (output or ""),
            line_number=line_number,
            before=before,
            after=after,
        )
        yield job, mutant


def _outcome(worker: str | None, test: str | None) -> Outcome:
    if worker == "SKIPPED":
        return Outcome.SKIPPED
    if worker != "NORMAL":
        return Outcome.UNKNOWN
    return {"KILLED": Outcome.KILLED, "SURVIVED": Outcome.SURVIVED}.get(test or "", Outcome.UNKNOWN)
