"""Plans a trial: its arms, its seeds, and the job spec of each of its runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from pydantic import JsonValue

from app.domain.diagnosis.findings import Diagnosis
from app.domain.diagnosis.remedy import Remedy
from app.domain.errors import InvalidInput, NothingToTry, Problem
from app.domain.lineage import WITHOUT_LINEAGE
from app.domain.runs import Run, StopReason
from app.domain.scopes import SPLITS, Split
from app.domain.seeding import digest
from app.domain.specs.base import MAX_INT
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document, patched
from app.domain.trials.progress import WORST, progress_of, target_score
from app.domain.trials.trial import CONTROL, OWN_SEED, Arm, Outcome, Trial, TrialUntil

#: Remedies that are tried unless a client names others.
DEFAULT_REMEDIES = 3
MAX_REMEDIES = 8
#: Code of the problem of a remedy that is not advised for the run.
NOT_ADVISED = "remedy_not_advised"
#: Evaluations of a run of a trial at least, so that it ends soon after it has learned the task.
NUM_EVALUATIONS = 25
_MAX_TAGS, _TAG = 20, "trial"
_MAX_NAME = 200


@dataclass(frozen=True, kw_only=True)
class TrialRequest:
    """What a client wants to be tried."""

    #: Kinds of remedies; None for the first ones.
    remedies: Sequence[str] | None = None
    num_seeds: int = 3
    budget: float = 4.0
    until: TrialUntil = TrialUntil.FIRST_CURE


def advised_remedies(diagnosis: Diagnosis) -> Mapping[str, Remedy]:
    """Returns the remedies of all findings in their order, each kind once."""
    found: dict[str, Remedy] = {}
    for finding in diagnosis.findings:
        for remedy in finding.remedies:
            found.setdefault(remedy.kind, remedy)
    return found


def arms_of(run: Run, diagnosis: Diagnosis, wanted: Sequence[str] | None) -> tuple[Arm, ...]:
    """Returns the control and the remedies.

    Raises NothingToTry where none is advised, and InvalidInput for one that is not.
    """
    advised = advised_remedies(diagnosis)
    if not advised:
        reasons = [cause.no_remedy for cause in diagnosis.causes if cause.no_remedy]
        detail = "No remedy is advised for this run, so that there is nothing to try."
        raise NothingToTry(" ".join([detail, *reasons[:1]]))
    kinds = list(advised)[:DEFAULT_REMEDIES] if wanted is None else list(dict.fromkeys(wanted))
    problems = [
        Problem(
            pointer=f"/remedies/{index}",
            detail=f"{kind} is not advised for this run; advised are {', '.join(advised)}",
            code=NOT_ADVISED,
        )
        for index, kind in enumerate(kinds)
        if kind not in advised
    ]
    if problems:
        raise InvalidInput(problems=problems)
    control = Arm(remedy=None, patch={}, reason="", body=as_document(run.spec))
    return (control, *(_arm_of(advised[kind]) for kind in kinds))


def _arm_of(remedy: Remedy) -> Arm:
    return Arm(remedy=remedy.kind, patch=remedy.patch, reason=remedy.reason, body=remedy.body)


def seeds_of(trial_id: UUID, run: Run, *, num_seeds: int, has_own: bool) -> tuple[int, ...]:
    """Returns fresh seeds; the run's own stands at `OWN_SEED` if it serves as an untreated one."""
    own = run.spec.training.seed
    seeds: list[int] = []
    number = 0
    while len(seeds) < num_seeds:
        if has_own and len(seeds) == OWN_SEED:
            seeds.append(own)
            continue
        fresh = digest(str(trial_id), number) % MAX_INT
        number += 1
        if fresh != own and fresh not in seeds:
            seeds.append(fresh)
    return tuple(seeds)


def outcome_of(run: Run, *, seconds: float) -> Outcome | None:
    """Returns what became of a run; None while it has not ended."""
    if run.stop_reason is None:
        return None
    has_floor = run.task is not None and bool(run.task.baselines)
    if run.stop_reason is StopReason.DIVERGED and has_floor:
        # whatever it had learned, its weights are useless
        progress: dict[Split, float | None] = dict.fromkeys(SPLITS, WORST)
    else:
        progress = {split: progress_on(run, split) for split in SPLITS}
    return Outcome(
        stop_reason=run.stop_reason,
        step=run.progress_step,
        seconds=seconds,
        scores=scores_of(run),
        progress={split: value for split, value in progress.items() if value is not None},
        verdict=run.verdict,
        finding_codes=run.finding_codes,
        error=run.error,
    )


def scores_of(run: Run) -> Mapping[Split, float | None]:
    """Returns the latest scores of the task's metric, of the splits that were scored."""
    if run.task is None:
        return {}
    metric = run.task.metric
    return {
        split: run.metrics[split][metric]
        for split in SPLITS
        if metric in run.metrics.get(split, {})
    }


def progress_on(run: Run, split: Split) -> float | None:
    """Returns the progress by the latest score; None where the split has none."""
    scores = scores_of(run)
    if run.task is None or split not in scores:
        return None
    return progress_of(run.task, split, scores[split])


def spec_of(trial: Trial, run: Run, *, arm: int, seed: int) -> JobSpec:
    """Returns the job spec of a run of the trial; `run` is the one whose remedies are tried.

    It has the seed, ends when it has learned the task, and is evaluated often enough for that. No
    finding ends it, because the scores decide.
    """
    spec = JobSpec.model_validate(trial.arms[arm].body)
    every = max(1, spec.training.num_steps // NUM_EVALUATIONS)
    training: dict[str, JsonValue] = {
        "seed": trial.seeds[seed],
        "evaluate_every": min(spec.training.evaluate_every, every),
        "on_finding": {"critical": "continue"},
    }
    # another data set has other scores
    has_same_data = spec.dataset == run.spec.dataset
    target = target_score(run.task) if run.task is not None and has_same_data else None
    if target is not None and spec.training.stop_at_score is None:
        training["stop_at_score"] = target
    labels = {**WITHOUT_LINEAGE, **_labels(trial, run, arm, seed)}
    return patched(spec, {"training": training, **labels})


def _labels(trial: Trial, run: Run, arm: int, seed: int) -> dict[str, JsonValue]:
    remedy = "untreated" if arm == CONTROL else str(trial.arms[arm].remedy).replace("_", " ")
    title = run.name or f"{run.spec.model.kind} on {run.spec.dataset.kind}"
    ending = f": {remedy}, seed {trial.seeds[seed]}"
    others = [tag for tag in run.tags if tag != _TAG][: _MAX_TAGS - 1]
    return {
        "name": title[: _MAX_NAME - len(ending)] + ending,
        "tags": cast("list[JsonValue]", [*others, _TAG]),
        "notes": "",
    }
