"""Find the checkpoint that a fork starts from, and check its file, while no transaction is open."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Engine

from app.artifacts import ArtifactFolder
from app.domain.checkpoints import CheckpointRecord
from app.domain.errors import InvalidInput, Problem
from app.domain.lineage import BEST_STEP, FromStep
from app.services.checkpoints.find_intact import find_intact
from app.store.checkpoints import best_checkpoint, checkpoints_of
from app.store.database import unit_of_work
from app.store.runs import find_run


def find_start(
    engine: Engine,
    artifacts: ArtifactFolder,
    *,
    workspace_id: UUID,
    run_id: UUID,
    from_step: FromStep,
) -> CheckpointRecord | None:
    """Returns the intact checkpoint after `from_step`, or None for the first step.

    None as `from_step` is the last intact checkpoint, and `best` that of the best step that was
    saved. The initial weights follow from the seed and need no checkpoint. Raises NotFound,
    InvalidInput when there is no checkpoint at `from_step`, CheckpointDamaged when its file is not
    intact, and ArtifactsUnavailable.
    """
    with unit_of_work(engine) as work:
        run = find_run(work.session, workspace_id, run_id)
        found = checkpoints_of(work.session, run_id)
    if from_step is None:
        return find_intact(artifacts, [record for record in found if record.for_resume])
    best = best_checkpoint(found, run.best) if from_step == BEST_STEP else None
    step = best.step if best is not None else from_step
    return None if step == 0 else find_intact(artifacts, _at(found, step))


def _at(found: Sequence[CheckpointRecord], from_step: int | str) -> list[CheckpointRecord]:
    asked = [record for record in found if from_step == record.step]
    if asked:
        return asked
    steps = [0, *sorted(record.step for record in found)]
    detail = f"there are checkpoints at steps {', '.join(map(str, steps))}"
    if from_step == BEST_STEP:
        detail = f"no best step was saved; {detail}"
    problem = Problem(pointer="/from_step", detail=detail, code="no_checkpoint")
    raise InvalidInput(problems=[problem])
