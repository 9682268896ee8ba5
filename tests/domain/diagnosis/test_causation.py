"""From probabilities to causes: families first, a single cause where it stands out."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causation import (
    explained_by,
    hypotheses,
    with_probabilities,
)
from app.domain.diagnosis.causation import named_causes as named_with
from app.domain.diagnosis.confidence.chances import OfCauses
from app.domain.diagnosis.findings import (
    Cause,
    Finding,
    FindingState,
    RankedCause,
    Severity,
)
from app.domain.specs.job import JobSpec
from tests.domain.builders import case, job
from tests.domain.diagnosis.builders import finding

TRUNCATED = ("truncated_backpropagation", "short_memory", 0.34)


#: Takes the share of a cause for its probability.
PLAIN = OfCauses(bias=0.0, slope=1.0)


def named_causes(given: Sequence[RankedCause], of: Case) -> tuple[Cause, ...]:
    return named_with(given, of, chances=PLAIN)


def ranked(**probabilities: float) -> tuple[RankedCause, ...]:
    ordered = sorted(probabilities.items(), key=lambda one: one[1], reverse=True)
    return tuple(RankedCause(code=code, probability=value) for code, value in ordered)


def named(**probabilities: float) -> list[tuple[str, str | None, float]]:
    found = named_causes(ranked(**probabilities), case())
    return [(one.code, one.family, round(one.probability or 0.0, 6)) for one in found]


def test_a_cause_that_is_more_likely_than_not_is_named() -> None:
    assert named(learning_rate_too_high=0.7, clip_threshold_too_low=0.1, unknown=0.2) == [
        ("learning_rate_too_high", "step_size", 0.7)
    ]


def test_a_cause_that_no_change_removes_says_why() -> None:
    (no_signal,) = named_causes(ranked(no_signal=0.9), case())
    (too_high,) = named_causes(ranked(learning_rate_too_high=0.9), case())

    assert no_signal.no_remedy is not None
    assert "other data" in no_signal.no_remedy
    assert too_high.no_remedy is None


def test_a_family_is_named_where_none_of_its_causes_stands_out() -> None:
    (cause,) = named_causes(
        ranked(learning_rate_too_low=0.4, too_few_steps=0.35, unknown=0.25), case()
    )

    assert (cause.code, cause.family) == ("step_size", "step_size")
    assert cause.probability == pytest.approx(0.75)
    assert cause.leaves == ranked(learning_rate_too_low=0.4, too_few_steps=0.35)
    assert cause.likeliest == "learning_rate_too_low"


def test_families_are_ordered_by_the_sum_of_their_causes() -> None:
    found = named(
        truncated_backpropagation=0.34, learning_rate_too_low=0.3, too_few_steps=0.3, unknown=0.06
    )

    assert found == [("step_size", "step_size", 0.6), TRUNCATED]


def test_at_most_three_families_are_listed_and_none_that_is_unlikely() -> None:
    found = named(
        learning_rate_too_high=0.6,
        expansive_recurrence=0.15,
        outliers_dominate=0.1,
        overfitting=0.09,
        dead_start=0.06,
    )
    few = named(learning_rate_too_high=0.9, expansive_recurrence=0.04, unknown=0.06)

    assert [code for code, *_ in found] == [
        "learning_rate_too_high",
        "expansive_recurrence",
        "outliers_dominate",
    ]
    assert [code for code, *_ in few] == ["learning_rate_too_high"]


def test_below_one_half_the_cause_is_undetermined_and_two_runs_would_tell() -> None:
    given = case(spec=job(training={"bptt_length": 20}))

    undetermined, *others = named_causes(
        ranked(truncated_backpropagation=0.4, learning_rate_too_high=0.35, unknown=0.25), given
    )

    assert (undetermined.code, undetermined.family) == ("undetermined", None)
    assert undetermined.probability == pytest.approx(0.25)
    assert undetermined.likeliest is None
    assert [one.code for one in others] == ["truncated_backpropagation", "learning_rate_too_high"]
    uncut, slower = undetermined.experiments
    assert (uncut.cause, uncut.patch) == (
        "truncated_backpropagation",
        {"training": {"bptt_length": None}},
    )
    assert JobSpec.model_validate(uncut.body).training.bptt_length is None
    assert slower.patch == {"optimizer": {"learning_rate": 0.0003}}


def test_two_causes_that_the_same_run_tests_need_it_once() -> None:
    undetermined, *_ = named_causes(
        ranked(learning_rate_too_low=0.3, too_few_steps=0.15, no_signal=0.1, unknown=0.45), case()
    )

    assert [one.cause for one in undetermined.experiments] == ["learning_rate_too_low"]


def test_nothing_is_known_where_only_the_unknown_is_likely() -> None:
    (undetermined,) = named_causes(ranked(unknown=1.0), case())

    assert (undetermined.probability, undetermined.experiments) == (1.0, ())


@pytest.mark.parametrize(
    ("given", "is_explained"),
    [
        (finding(), True),
        (finding(state=FindingState.PREDICTED), True),
        (finding(state=FindingState.RESOLVED), False),
        (finding(severity=Severity.INFO), False),
    ],
)
def test_only_findings_that_matter_have_causes(given: Finding, *, is_explained: bool) -> None:
    causes = named_causes(hypotheses(case(), [given]), case())

    assert bool(causes) is is_explained
    assert (explained_by(given, causes) is not None) is is_explained


def test_a_finding_shows_the_first_cause_that_can_explain_it() -> None:
    rate, cut = named_causes(
        ranked(learning_rate_too_high=0.6, truncated_backpropagation=0.4), case()
    )

    assert explained_by(finding("exploding_gradient"), (rate, cut)) == rate
    assert explained_by(finding("vanishing_gradient"), (rate, cut)) == cut
    assert explained_by(finding("vanishing_gradient"), (rate,)) is None


def test_a_family_explains_what_one_of_its_causes_explains() -> None:
    (family,) = named_causes(
        ranked(dead_start=0.3, closed_gates=0.3, saturated_start=0.3, unknown=0.1), case()
    )

    assert family.code == "short_memory"
    assert explained_by(finding("vanishing_gradient"), (family,)) == family
    assert explained_by(finding("exploding_gradient"), (replace(family, leaves=()),)) is None


def test_what_is_undetermined_may_explain_any_finding() -> None:
    undetermined = Cause(code="undetermined", probability=0.8)

    assert explained_by(finding("exploding_gradient"), (undetermined,)) == undetermined


def test_two_causes_may_both_be_likely() -> None:
    generous = OfCauses(bias=1.0, slope=1.0)

    rate, penalty = named_with(
        ranked(learning_rate_too_low=0.5, penalty_dominates=0.5), case(), chances=generous
    )

    assert rate.probability == penalty.probability == pytest.approx(0.731, abs=1e-3)
    assert rate.leaves == with_probabilities(ranked(learning_rate_too_low=0.5), generous)


def test_shares_and_probabilities_are_in_the_same_order() -> None:
    given = ranked(learning_rate_too_low=0.6, penalty_dominates=0.3, no_signal=0.1)

    values = [one.probability for one in with_probabilities(given)]

    assert values == sorted(values, reverse=True)
