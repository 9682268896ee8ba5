"""How the diagnosis of this service becomes an opinion that is scored."""

import pytest

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Cause, RankedCause
from app.domain.runs import StopReason
from bench.diagnosis.judges.clinic import CLINIC, first_probability, leaves_of
from bench.diagnosis.leaves import FAMILIES
from tests.domain.builders import case, scores, telemetry


def cause(code: str, **probabilities: float) -> Cause:
    leaves = tuple(RankedCause(code=leaf, probability=p) for leaf, p in probabilities.items())
    return Cause(code=code, probability=sum(probabilities.values()), leaves=leaves)


def test_the_first_family_has_the_first_word_and_the_others_follow_by_probability() -> None:
    causes = (
        cause("step_size", learning_rate_too_low=0.3, too_few_steps=0.25),
        cause("truncated_backpropagation", truncated_backpropagation=0.4, dead_start=0.01),
    )

    assert list(leaves_of(causes)) == [
        "learning_rate_too_low",
        "truncated_backpropagation",
        "too_few_steps",
        "dead_start",
    ]
    assert first_probability(causes) == pytest.approx(0.3)


def test_leaves_count_although_the_cause_is_undetermined() -> None:
    causes = (Cause(code="undetermined", probability=0.6), cause("dead_start", dead_start=0.4))

    assert list(leaves_of(causes)) == ["dead_start"]
    assert first_probability(causes) == pytest.approx(0.4)


def test_a_run_without_causes_has_none() -> None:
    assert (list(leaves_of(())), first_probability(())) == ([], None)


def test_the_opinion_on_a_failed_run_names_leaves_of_the_benchmark() -> None:
    failed = case(
        seen=telemetry(readings=scores({600: 0.166, 999: 0.167})),
        stop_reason=StopReason.COMPLETED,
    )

    opinion = CLINIC(failed)

    assert opinion.causes == tuple(leaves_of(diagnose(failed).causes))
    assert opinion.causes
    assert set(opinion.causes) <= set(FAMILIES)
