"""Trials of a run's remedies over HTTP: start, read, cancel."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request
from starlette.responses import Response

from app.api.models.trial import TrialBody, TrialPage, TrialView, view_trial
from app.api.protocol.bodies import JsonRoute
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import ApiSettings, Queue, Read, RunsReader, RunsWriter, Work
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.idempotency import Answer, Idempotent
from app.api.protocol.pages import Cursor, next_page, read_cursor
from app.api.protocol.problems import queue_headers
from app.api.protocol.root_path import at
from app.api.reference.examples import TRIAL_EXAMPLES
from app.domain.errors import IdempotencyInFlight, IllegalTransition, NothingToTry, TrialInProgress
from app.services.trials.cancel_trial import cancel_trial
from app.services.trials.read_trial import list_trials, read_trial
from app.services.trials.start_trial import StartedTrial, diagnose_for_trial, start_trial
from app.store.database import UnitOfWork

router = APIRouter(
    prefix="/v1/runs/{run_id}/trials", tags=["trials"], responses=ALWAYS, route_class=JsonRoute
)

#: A trial is read with all of its runs, of which it has 81 at most.
MAX_TRIALS = 20
Limit = Annotated[
    int, Query(ge=1, le=MAX_TRIALS, description="The largest number of items on the page.")
]
#: Used where the request has no body.
_USUAL = TrialBody()


@router.post(
    "",
    status_code=201,
    response_model=TrialView,
    responses=documented(404, 415, NothingToTry(), TrialInProgress(), IdempotencyInFlight()),
    operation_id="create_trial",
    summary="Try the remedies of a run",
    response_description="The trial and its runs, which are queued. `Location` is its address.",
)
def post_trial(
    run_id: UUID,
    caller: RunsWriter,
    read: Read,
    queue: Queue,
    settings: ApiSettings,
    idempotent: Idempotent,
    body: Annotated[TrialBody, Body(openapi_examples=TRIAL_EXAMPLES)] = _USUAL,
) -> Response:
    """Trains the run again without a change, as a control, and with each remedy.

    All arms have the same data and the same seeds, which are fresh but for the second one. Their
    runs are ordinary runs with `lineage`, and count against the quotas. They end early when they
    have learned the task, and remedies that do worse than others get no further seed. 409
    `nothing_to_try` where no remedy is advised, `trial_in_progress` where the run has a trial that
    has not ended.
    """

    def start(work: UnitOfWork) -> Answer:
        # before `work` is used, so that no transaction of its own is open meanwhile
        diagnosis = diagnose_for_trial(read.engine, workspace_id=caller.workspace_id, run_id=run_id)
        started = start_trial(
            work,
            queue=queue,
            workspace_id=caller.workspace_id,
            run_id=run_id,
            diagnosis=diagnosis,
            request=body.request(),
            quotas=settings.quotas,
            time_limits=settings.time_limits,
        )
        return _created(started)

    return idempotent.answer(start)


@router.get(
    "",
    response_model=TrialPage,
    responses={**NOT_MODIFIED, **documented(404)},
    operation_id="list_trials",
    summary="List the trials of a run",
    response_description="A page of the trials of the run.",
)
def get_trials(
    request: Request,
    run_id: UUID,
    caller: RunsReader,
    read: Read,
    limit: Limit = MAX_TRIALS,
    cursor: Cursor = None,
) -> Response:
    """Newest first, each with the present state of its runs."""
    after = read_cursor(cursor)
    found = read(
        lambda work: list_trials(
            work, workspace_id=caller.workspace_id, run_id=run_id, limit=limit, after=after
        )
    )
    items = [view_trial(state) for state in found.items]
    return conditional_json(request, TrialPage(items=items, next=next_page(request, found.last)))


@router.get(
    "/{trial_id}",
    response_model=TrialView,
    responses={**NOT_MODIFIED, **documented(404)},
    operation_id="get_trial",
    summary="Read a trial",
    response_description="The trial, with the verdicts and scores so far.",
)
def get_trial(
    request: Request, run_id: UUID, trial_id: UUID, caller: RunsReader, read: Read
) -> Response:
    """Live: the verdicts so far, and step, scores and progress of each run.

    The events and the history of each run are read and streamed at the run itself.
    """
    state = read(
        lambda work: read_trial(
            work, workspace_id=caller.workspace_id, run_id=run_id, trial_id=trial_id
        )
    )
    return conditional_json(request, view_trial(state))


@router.post(
    "/{trial_id}/cancel",
    status_code=202,
    responses=documented(404, IllegalTransition("The trial has ended.")),
    operation_id="cancel_trial",
    summary="Cancel a trial",
    response_description="The trial, whose runs are cancelled or will be at the next heartbeats.",
)
def post_trial_cancel(run_id: UUID, trial_id: UUID, caller: RunsWriter, work: Work) -> TrialView:
    """Its queued runs are cancelled at once, running ones at their workers' next heartbeats.

    What is undecided becomes inconclusive. 409 when the trial has ended.
    """
    return view_trial(
        cancel_trial(work, workspace_id=caller.workspace_id, run_id=run_id, trial_id=trial_id)
    )


def _created(started: StartedTrial) -> Answer:
    view = view_trial(started.state)
    headers = {"Location": at(view.links.self), **queue_headers(started.room)}
    return Answer(status=201, body=view, headers=headers)
