"""Evidence and sentences on the scores of a run, for all detectors of its outcome."""

from pydantic import JsonValue

from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.outcome import Outcome, SplitOutcome
from app.domain.diagnosis.prose import short
from app.domain.task import TaskFacts


def score_evidence(outcome: Outcome) -> dict[str, JsonValue]:
    """Returns the scores of both splits, and what the judged one compares with."""
    judged = outcome.judged
    return {
        "metric": judged.metric,
        "split": judged.split,
        **expectation_evidence(judged),
        "train_score": None if outcome.train is None else number(outcome.train.score),
        "validation_score": (
            None if outcome.validation is None else number(outcome.validation.score)
        ),
    }


def expectation_evidence(one: SplitOutcome) -> dict[str, JsonValue]:
    expected = one.expected
    return {
        "score": number(one.score),
        "baseline": number(one.floor),
        "expected_score": None if expected is None else number(expected.score),
        "reference_name": None if expected is None else expected.reference_name,
        "level": number(one.level),
        "relative_gain": number(one.gain),
    }


def score_sentence(one: SplitOutcome, *, baseline: str) -> str:
    """Returns one sentence with the score and everything that it compares with."""
    parts = [f"{baseline} has {short(one.floor)}"]
    if one.expected is not None and one.expected.reference_name is None:
        parts.append(f"{short(one.expected.score)} can be reached")
    elif one.expected is not None:
        parts.append(
            f"the reference model {one.expected.reference_name} has {short(one.expected.score)}"
        )
    return (
        f"Up to step {one.step:,} the {one.metric} on {one.split} is {short(one.score)}; "
        f"{' and '.join(parts)}."
    )


def baseline_name(task: TaskFacts | None) -> str:
    return task.baseline.name if task and task.baseline else "the baseline"
