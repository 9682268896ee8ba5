"""POST /v1/runs/{id}/resume and /fork: continue a run, or start a new run from its checkpoint."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body
from starlette.responses import Response

from app.api.models.continuation import ForkBody, Resumption
from app.api.models.run import RunView, view_run
from app.api.protocol.bodies import JsonRoute
from app.api.protocol.deps import (
    ApiSettings,
    Artifacts,
    ProcessResources,
    Queue,
    RequestActor,
    RunsWriter,
)
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.idempotency import Idempotent
from app.api.reference.examples import FORK_EXAMPLES, RESUME_EXAMPLES
from app.api.runs.runs import created
from app.domain.errors import CheckpointDamaged, IdempotencyInFlight, IllegalTransition
from app.services.checkpoints.find_start import find_start
from app.services.runs.fork_run import fork_run
from app.services.runs.resume_run import resume_run

#: Used where the request has no body.
_AS_IT_IS, _UNCHANGED = Resumption(), ForkBody()

router = APIRouter(prefix="/v1/runs", tags=["runs"], responses=ALWAYS, route_class=JsonRoute)


@router.post(
    "/{run_id}/resume",
    status_code=202,
    responses=documented(
        404,
        415,
        IllegalTransition("The run has not ended, or it would end in the same way again."),
        CheckpointDamaged(),
    ),
    operation_id="resume_run",
    summary="Resume a run",
    response_description="The run, which is queued again.",
)
def post_resume(
    run_id: UUID,
    caller: RunsWriter,
    resources: ProcessResources,
    actor: RequestActor,
    queue: Queue,
    artifacts: Artifacts,
    settings: ApiSettings,
    body: Annotated[Resumption, Body(openapi_examples=RESUME_EXAMPLES)] = _AS_IT_IS,
) -> RunView:
    """The run continues from its last checkpoint as if it had not ended.

    What was measured after the checkpoint is measured again. 409 `checkpoint_damaged` where it has
    checkpoints and none of their files is intact. A run that diverged would diverge
    again: fork it instead.
    """
    described = resume_run(
        resources.engine,
        actor=actor,
        queue=queue,
        artifacts=artifacts,
        workspace_id=caller.workspace_id,
        run_id=run_id,
        num_steps=body.num_steps,
        time_limit_s=body.time_limit_s,
        quotas=settings.quotas,
        time_limits=settings.time_limits,
    )
    return view_run(described.run, waiting_for=described.waiting_for)


@router.post(
    "/{run_id}/fork",
    status_code=201,
    response_model=RunView,
    responses=documented(404, 415, CheckpointDamaged(), IdempotencyInFlight()),
    operation_id="fork_run",
    summary="Fork a run",
    response_description="The new run, which is queued. `Location` is its address.",
)
def post_fork(
    run_id: UUID,
    caller: RunsWriter,
    resources: ProcessResources,
    queue: Queue,
    artifacts: Artifacts,
    settings: ApiSettings,
    idempotent: Idempotent,
    body: Annotated[ForkBody, Body(openapi_examples=FORK_EXAMPLES)] = _UNCHANGED,
) -> Response:
    """Starts a new run from a checkpoint; 409 `checkpoint_damaged` where it is not intact.

    `history?lineage=true` joins both histories.
    """
    return idempotent.answer(
        lambda work: created(
            fork_run(
                work,
                queue=queue,
                artifacts=artifacts,
                workspace_id=caller.workspace_id,
                run_id=run_id,
                request=body.request(),
                source=find_start(
                    resources.engine,
                    artifacts,
                    workspace_id=caller.workspace_id,
                    run_id=run_id,
                    from_step=body.from_step,
                ),
                quotas=settings.quotas,
                time_limits=settings.time_limits,
            )
        )
    )
