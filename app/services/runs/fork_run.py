"""Start a new run from a checkpoint of another, with a patch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from app.artifacts import ArtifactFolder
from app.domain.audit import Act
from app.domain.checkpoints import CheckpointParts, CheckpointRecord
from app.domain.errors import InvalidInput, Problem, Unavailable
from app.domain.lineage import FromStep, forked_spec
from app.domain.quotas import Quotas
from app.domain.runs import Run
from app.domain.specs.job import JobSpec
from app.domain.time_limits import TimeLimits, with_time_limit
from app.queue import RunQueue
from app.services.record_act import record_act
from app.services.runs.admit_run import admit_run
from app.services.runs.describe_run import describe_run
from app.services.runs.estimate_run import estimate_run
from app.services.runs.submit_run import SubmittedRun
from app.store.checkpoints import checkpoints_of, inherit_checkpoint
from app.store.database import UnitOfWork
from app.store.runs import find_run, insert_run


@dataclass(frozen=True, kw_only=True)
class ForkRequest:
    """Where a fork starts, and what it changes."""

    #: Step of a checkpoint, 0 for the first step, or `best` for the best step. None is the last
    #: intact checkpoint, which precedes the first step that is not finite.
    from_step: FromStep = None
    patch: Mapping[str, JsonValue] = field(default_factory=dict)
    #: None keeps the optimizer's state unless the patch changes the optimizer's kind.
    optimizer_state: Literal["keep", "reset"] | None = None


def fork_run(  # noqa: PLR0913 - what a fork depends on, each by its name
    work: UnitOfWork,
    *,
    queue: RunQueue,
    artifacts: ArtifactFolder,
    workspace_id: UUID,
    run_id: UUID,
    request: ForkRequest,
    source: CheckpointRecord | None,
    quotas: Quotas,
    time_limits: TimeLimits,
) -> SubmittedRun:
    """Queues the fork. `source` is the checkpoint that `find_start` returned for the request.

    Raises NotFound, InvalidInput, InvalidSpec, QueueFull, QuotaReached and ArtifactsUnavailable,
    and Unavailable when the source has been replaced by later checkpoints meanwhile.
    """
    session = work.session
    parent = find_run(session, workspace_id, run_id)
    if source is not None and source not in checkpoints_of(session, run_id):
        detail = "The checkpoint was replaced by a later one; try again shortly."
        raise Unavailable(detail)
    step = 0 if source is None else source.step
    forked = forked_spec(parent.spec, request.patch, from_step=step)
    spec = with_time_limit(forked, time_limits, pointer="/patch/training/time_limit_s")
    takes = _takes(parent.spec, spec, request)
    cost = estimate_run(work, workspace_id=workspace_id, spec=spec).estimate
    room = admit_run(work, workspace_id=workspace_id, default_quotas=quotas, cost=cost)
    fork = insert_run(
        session,
        workspace_id=workspace_id,
        spec=spec,
        name=parent.name,
        tags=parent.tags,
        notes=parent.notes,
        parent_run_id=run_id,
        parent_step=step,
        priority=spec.priority,
        expected_rows=cost.rows,
        expected_memory_bytes=cost.memory_bytes,
    )
    if source is not None:
        _copy_checkpoint(work, artifacts, source, fork, takes)
    record_act(
        work, Act.RUN_FORKED, workspace_id=workspace_id, subject_id=fork.id, parent_id=str(run_id)
    )
    work.after_commit(lambda: queue.notify(fork.id))
    return SubmittedRun(described=describe_run(work, fork), room=room)


def _takes(before: JobSpec, after: JobSpec, request: ForkRequest) -> CheckpointParts:
    is_same_kind = before.optimizer.kind == after.optimizer.kind
    if request.optimizer_state == "keep" and not is_same_kind:
        detail = f"{after.optimizer.kind} cannot use the state of {before.optimizer.kind}"
        problem = Problem(pointer="/optimizer_state", detail=detail, code="optimizer_changed")
        raise InvalidInput(problems=[problem])
    is_kept = is_same_kind and request.optimizer_state != "reset"
    return CheckpointParts.WEIGHTS_AND_OPTIMIZER if is_kept else CheckpointParts.WEIGHTS


def _copy_checkpoint(
    work: UnitOfWork,
    artifacts: ArtifactFolder,
    source: CheckpointRecord,
    fork: Run,
    takes: CheckpointParts,
) -> None:
    artifacts.link(source.run_id, source.name, into_run=fork.id)
    inherit_checkpoint(work.session, source, into=fork.id, takes=takes)
