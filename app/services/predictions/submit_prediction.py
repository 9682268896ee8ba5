"""Queue a prediction by the weights of a run; a worker computes it."""

from uuid import UUID

from app.domain.artifacts import Artifact, ArtifactKind
from app.domain.errors import NoWeights, QuotaReached, TooLarge
from app.domain.predictions import (
    FILE_OF,
    MAX_ROWS,
    MAX_UNFINISHED,
    Prediction,
    Source,
    Weights,
)
from app.domain.quotas import Quotas, check_storage
from app.domain.runs import Run, RunStatus, StopReason
from app.store.artifacts import published_by
from app.store.database import UnitOfWork
from app.store.datasets import find_dataset
from app.store.predictions import insert_prediction, lock_predictions, num_unfinished
from app.store.runs import find_run
from app.store.usage import usage_of
from app.store.workspaces import find_workspace


def submit_prediction(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    run_id: UUID,
    weights: Weights | None,
    source: Source,
    quotas: Quotas,
) -> Prediction:
    """Queues a prediction; `weights` None takes the final ones where there are any.

    Raises NotFound, NoWeights when the run has none, TooLarge, and QuotaReached.
    """
    session = work.session
    run = find_run(session, workspace_id, run_id)
    chosen = _weights(run, published_by(session, run_id), asked=weights)
    if source.dataset_id is not None:
        rows = find_dataset(session, workspace_id, source.dataset_id).profile.get("rows")
        if isinstance(rows, int) and rows > MAX_ROWS:
            detail = f"The data set has {rows} rows; one prediction takes at most {MAX_ROWS}."
            raise TooLarge(detail)
    lock_predictions(session, workspace_id)
    used = num_unfinished(session, workspace_id)
    if used >= MAX_UNFINISHED:
        raise QuotaReached(quota="predictions", most=MAX_UNFINISHED, used=used, wanted=1)
    workspace = find_workspace(session, workspace_id)
    usage = usage_of(session, workspace_id)
    check_storage(quotas.overridden(workspace.own_quotas), usage, wanted=len(source.content))
    return insert_prediction(
        session, workspace_id=workspace_id, run_id=run_id, weights=chosen, source=source
    )


def _weights(run: Run, published: list[Artifact], *, asked: Weights | None) -> Weights:
    """Returns the weights to take. Raises NoWeights with the reason."""
    kinds = {artifact.file.kind for artifact in published}
    wanted: tuple[Weights, ...] = ("final", "best") if asked is None else (asked,)
    for name in wanted:
        if FILE_OF[name] in kinds:
            return name
    raise NoWeights(_reason(run, kinds, asked))


def _reason(run: Run, kinds: set[ArtifactKind], asked: Weights | None) -> str:
    if not run.status.has_ended:
        return f"The run is {run.status}: its weights are published when it has ended."
    others = "; weights=best has the weights of its best evaluation"
    others = others if ArtifactKind.BEST in kinds else ""
    if asked == "best":
        return "The run has no best weights: it was never evaluated on validation data."
    if run.stop_reason is StopReason.DIVERGED:
        return f"The run diverged, so that its final weights are not published{others}."
    if run.status is not RunStatus.SUCCEEDED:
        return f"The run {_ended_as(run)}, so that its final weights are not published{others}."
    return "The run has published no weights: its log says why."


def _ended_as(run: Run) -> str:
    return "was cancelled" if run.status is RunStatus.CANCELLED else "failed"
