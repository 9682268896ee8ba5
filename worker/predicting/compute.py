"""Carries out one prediction in a child of the worker, with bounds, and stores how it ended."""

import json
import logging
import resource
import sys
from pathlib import Path

from sqlalchemy import Engine

from app.artifacts import ArtifactFolder
from app.domain.artifacts import PublishedFile
from app.domain.errors import Fenced, FileDamaged, InvalidData, NotFound, Problem, TooLarge
from app.domain.predictions import (
    FEWER,
    MAX_ANSWER_BYTES,
    MAX_MEMORY_BYTES,
    Failure,
    PredictionResult,
    Source,
)
from app.domain.runs import StopReason
from app.services.predictions.finish_prediction import finish_prediction
from app.services.predictions.load_prediction import PredictionNeeds, load_prediction
from app.settings import Settings
from app.store.database import make_engine, unit_of_work
from worker.execution.commands import ExitCode, PredictCommand
from worker.execution.failures import explain
from worker.predicting.answers import answer_rows
from worker.predicting.rows import read_source
from worker.publishing.program.network import Document, Network, Unusable, load_weights
from worker.publishing.program.predict import outputs_of

logger = logging.getLogger(__name__)


def compute(command: PredictCommand, settings: Settings) -> ExitCode:
    """Computes a prediction and stores its answer, or why there is none."""
    engine = make_engine(
        settings.database_url, pool_size=1, stalled_after_s=settings.stalled_after_s
    )
    try:
        _finish(engine, command, _outcome(engine, command, settings))
    except Fenced:
        return ExitCode.FENCED
    except Exception:  # an edge of the process: another attempt may succeed
        logger.exception("Prediction %s could not be computed.", command.prediction_id)
        return ExitCode.UNFINISHED
    return ExitCode.DONE


def _outcome(engine: Engine, command: PredictCommand, settings: Settings) -> str | Failure:
    """Returns the answer in JSON, or why there is none. Raises Fenced and Unavailable."""
    source: Source | None = None
    try:
        with unit_of_work(engine, snapshot=True) as work:
            needs = load_prediction(
                work, prediction_id=command.prediction_id, attempt=command.attempt
            )
        source = needs.source
        _bound_memory()
        answer = _answer(needs, ArtifactFolder(root=settings.artifact_root))
    except Unusable as error:
        return _refusal(error, source)
    except (InvalidData, TooLarge, FileDamaged, NotFound) as error:
        return _failure(error)
    except (MemoryError, RuntimeError) as error:
        if explain(error)[0] is not StopReason.OUT_OF_MEMORY:
            raise
        detail = f"The prediction needs more than {MAX_MEMORY_BYTES / 2**30:.3g} GiB; {FEWER}."
        return Failure(code=TooLarge.code, detail=detail)
    return answer


def _answer(needs: PredictionNeeds, artifacts: ArtifactFolder) -> str:
    path = _path_of(needs, needs.description, artifacts)
    description: Document = json.loads(path.read_text(encoding="utf-8"))
    weights = load_weights(_path_of(needs, needs.weights, artifacts), description)
    examples = read_source(needs.source, needs.dataset, description)
    outputs = outputs_of(Network(description, weights), description, examples)
    result = PredictionResult.model_construct(
        meaning=description["output"]["meaning"],
        weights_step=needs.weights.step,
        predictions=tuple(answer_rows(needs.spec, description, examples, outputs)),
    )
    answer = result.model_dump_json()
    if len(answer.encode()) > MAX_ANSWER_BYTES:
        detail = f"The answer is larger than {MAX_ANSWER_BYTES / 2**20:g} MiB; {FEWER}."
        raise TooLarge(detail)
    return answer


def _path_of(needs: PredictionNeeds, file: PublishedFile, artifacts: ArtifactFolder) -> Path:
    """Raises FileDamaged where the file is missing or differs from what was published."""
    try:
        return artifacts.verified(needs.prediction.run_id, file.stored_name, sha256=file.sha256)
    except NotFound as error:
        raise FileDamaged(error.detail) from error


def _refusal(error: Unusable, source: Source | None) -> Failure:
    detail = str(error)
    place = "" if source is None or source.kind != "dataset" else "/dataset_id"
    if error.row is not None:
        is_json = source is not None and source.kind == "json"
        place = f"/rows/{error.row - 1}" if is_json else f"row/{error.row}"
        place += "" if error.column is None else f"/{error.column}"
    problem = Problem(pointer=place, detail=detail, code="not_predictable")
    return Failure(code=InvalidData.code, detail=detail, problems=(problem,))


def _failure(error: InvalidData | TooLarge | FileDamaged | NotFound) -> Failure:
    problems = error.problems if isinstance(error, InvalidData) else ()
    return Failure(code=error.code, detail=error.detail, problems=problems)


def _finish(engine: Engine, command: PredictCommand, outcome: str | Failure) -> None:
    with unit_of_work(engine) as work:
        finish_prediction(
            work,
            prediction_id=command.prediction_id,
            attempt=command.attempt,
            outcome=outcome,
        )


def _bound_memory() -> None:
    """Lets this process use MAX_MEMORY_BYTES more addresses than it has."""
    if sys.platform == "linux":  # others do not enforce it
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MAX_MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
