"""Queue a preflight of a job spec and one of each patched spec, and notify workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from pydantic import JsonValue

from app.domain.audit import Act
from app.domain.comparison import comparison_spec
from app.domain.errors import InvalidInput
from app.domain.preflight import preflight_memory_bytes, preflight_num_steps
from app.domain.quotas import Quotas
from app.domain.runs import Run
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import patched_at
from app.domain.time_limits import TimeLimits
from app.queue import RunQueue
from app.services.preflights.read_comparison import Comparison, compare_preflights
from app.services.preflights.read_preflight import describe_preflight
from app.services.record_act import record_act
from app.services.runs.admit_run import QueueRoom, admit_run
from app.services.runs.estimate_run import CheckedSpec, estimate_run
from app.store.database import UnitOfWork
from app.store.preflights import insert_preflight, note_comparison


@dataclass(frozen=True, kw_only=True)
class SubmittedComparison:
    """The queued preflights, that of the unpatched spec first, and the room left in the queue."""

    comparison: Comparison
    room: QueueRoom


def submit_comparison(
    work: UnitOfWork,
    *,
    queue: RunQueue,
    workspace_id: UUID,
    spec: JobSpec,
    patches: Sequence[Mapping[str, JsonValue]],
    mini_steps: int | None,
    quotas: Quotas,
    time_limits: TimeLimits,
) -> SubmittedComparison:
    """Queues one preflight for each arm, or none at all.

    All arms train for the same number of steps, which the slowest one determines. Raises the errors
    of `submit_preflight`; their pointers begin with `/spec` or `/patches/<number>`.
    """
    arms = [_checked(work, workspace_id, spec, time_limits, place="/spec")]
    for number, patch in enumerate(patches):
        place = f"/patches/{number}"
        patched = patched_at(spec, patch, place=place)
        arms.append(_checked(work, workspace_id, patched, time_limits, place=place))
    num_steps = min(preflight_num_steps(arm.spec, arm.shape, asked=mini_steps) for arm in arms)
    queued: list[Run] = []
    for arm in arms:
        room = admit_run(
            work, workspace_id=workspace_id, default_quotas=quotas, cost=None, is_preflight=True
        )
        run = insert_preflight(
            work.session,
            workspace_id=workspace_id,
            spec=comparison_spec(arm.spec),
            num_steps=num_steps,
            expected_memory_bytes=preflight_memory_bytes(arm.spec, arm.shape, num_steps=num_steps),
        )
        queued.append(run)
        record_act(work, Act.PREFLIGHT_SUBMITTED, workspace_id=workspace_id, subject_id=run.id)
        work.after_commit(partial(queue.notify, run.id))
    note_comparison(work.session, [run.id for run in queued])
    comparison = compare_preflights([describe_preflight(work, run) for run in queued])
    return SubmittedComparison(comparison=comparison, room=room)


def _checked(
    work: UnitOfWork, workspace_id: UUID, spec: JobSpec, time_limits: TimeLimits, *, place: str
) -> CheckedSpec:
    try:
        return estimate_run(work, workspace_id=workspace_id, spec=spec, time_limits=time_limits)
    except InvalidInput as error:
        problems = [replace(one, pointer=f"{place}{one.pointer}") for one in error.problems]
        raise type(error)(error.detail, problems=problems) from error
