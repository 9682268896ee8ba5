"""The summary tells one story in at most four sentences."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import (
    Cause,
    DiagnosisVerdict,
    Experiment,
    NotAssessed,
    Severity,
)
from app.domain.diagnosis.remedy import Remedy
from app.domain.diagnosis.summary import MAX_SENTENCES, OUTCOMES, summarise
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.task import MetricMode
from tests.domain.builders import case, job, profile, scores, task, telemetry
from tests.domain.diagnosis.builders import finding
from tests.domain.diagnosis.reading_back import complaints, sentences

EVERY_50 = range(0, 1000, 50)
SHORT = [profile(step) for step in EVERY_50]
LONG = [profile(step, ratio=0.5, horizon=199) for step in EVERY_50]
COMPLETED = StopReason.COMPLETED


def told(given: Case) -> str:
    """The summary of a case, whose sentences are all true."""
    diagnosis = diagnose(given)
    assert complaints(diagnosis, given) == []
    assert 1 <= sentences(diagnosis.summary) <= MAX_SENTENCES
    return diagnosis.summary


def told_with(*causes: Cause, remedies: Sequence[Remedy] = ()) -> str:
    """The summary of a run whose gradient vanishes, with these causes and remedies."""
    seen = telemetry(profiles=SHORT, readings=scores({600: 0.166, 999: 0.167}))
    it = case(seen=seen, stop_reason=COMPLETED)
    diagnosis = diagnose(it)
    findings = [replace(one, remedies=tuple(remedies)) for one in diagnosis.findings]
    return summarise(it, diagnosis.verdict, findings, (), causes)


def a_remedy(**patch: JsonValue) -> Remedy:
    return Remedy(kind="use_gated_cell", patch=patch, reason="", source="", body={})


def test_a_sick_run_is_told_by_outcome_mechanism_cause_and_remedy() -> None:
    cause = Cause(code="contractive_recurrence", family="short_memory", probability=0.83)

    summary = told_with(cause, remedies=[a_remedy(model={"kind": "gru", "hidden_size": 64})])

    assert summary == (
        "Sick: up to step 999 the mse on validation is 0.167; predict_mean has 0.167 and 0 can be "
        "reached. At a lag of 199 timesteps, which the task needs, the gradient is 1e-20 "
        "times that at lag 0, below 0.01 in the last 20 probes; it falls below 0.01 after 10 "
        "timesteps. The cause, very likely (83 %): the recurrent Jacobian shrinks the gradient. "
        "First, replace a simple recurrent cell by a gated one: set `model.kind` to gru."
    )


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (
            Cause(code="short_memory", family="short_memory", probability=0.6),
            "probably (60 %): the gradient does not reach as far back as the task needs.",
        ),
        (
            Cause(code="non_finite_input", family="data", probability=1.0),
            "The cause: the data has a value that is NaN or infinite.",
        ),
        (Cause(code="undetermined", probability=0.7), "The cause is undetermined."),
    ],
)
def test_a_cause_is_told_with_its_probability_in_words(cause: Cause, words: str) -> None:
    assert told_with(cause).endswith(words)


def test_before_the_failure_is_seen_a_cause_is_told_on_condition() -> None:
    given = case()
    warning = finding("exploding_gradient", severity=Severity.WARNING)
    cause = Cause(code="learning_rate_too_high", family="step_size", probability=0.95)

    told = summarise(given, DiagnosisVerdict.AT_RISK, [warning], (), (cause,))

    assert "The cause if the run fails, almost certainly (95 %): " in told


def test_an_undetermined_cause_is_told_with_the_run_that_would_tell() -> None:
    experiment = Experiment(
        cause="dropout_too_high", reason="If it learns, it is dropout.", patch={}, body={}
    )

    summary = told_with(Cause(code="undetermined", probability=0.7, experiments=(experiment,)))

    assert summary.endswith("First, find out by a run: if it learns, it is dropout.")


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"optimizer": {"learning_rate": 0.0312}}, "set `optimizer.learning_rate` to 0.0312."),
        (
            {"training": {"bptt_length": None, "num_steps": 3000}},
            "set `training.num_steps` to 3,000.",
        ),
        ({"dataset": {"transform": [{"kind": "difference", "lag": 1}]}}, "gated one."),
        ({"training": {"batch_size": 1, "bptt_length": 9}, "model": {"kind": "gru"}}, "gated one."),
    ],
)
def test_a_remedy_is_told_with_the_settings_that_it_changes(
    patch: dict[str, JsonValue], words: str
) -> None:
    assert told_with(remedies=[a_remedy(**patch)]).endswith(words)


def test_a_prediction_is_a_possibility_while_the_run_trains_and_none_after_it() -> None:
    seen = telemetry(num_steps=60, profiles=[profile(0), profile(50)])

    training = told(case(seen=seen))
    ended = told(case(seen=seen, stop_reason=StopReason.TIMED_OUT))

    assert training.startswith("At risk at 60 of 1,000 steps: it may be that the gradient vanishes")
    assert ended.startswith(
        "At risk, judged by 60 of 1,000 steps, after which the run reached its time limit: "
        "the first probes show that the gradient vanishes"
    )


def test_a_symptom_without_a_score_is_told_alone() -> None:
    seen = telemetry(loss=[0.2] * 990 + [float("nan")] * 10)

    summary = told(case(seen=seen, stop_reason=StopReason.DIVERGED))

    assert "diverged: the first number that is not finite arose at step 990" in summary


def test_a_healthy_run_is_told_by_what_it_learned_and_what_was_looked_at() -> None:
    seen = telemetry(profiles=LONG, readings=scores({999: 0.001}))

    assert told(case(seen=seen, stop_reason=COMPLETED)).startswith(
        "Healthy: after 999 steps the mse on validation is about 0.001, better than the 0.167 of "
        "predict_mean (99.4 % of the way to the attainable 0). "
    )


def test_a_harmless_finding_is_told_as_such() -> None:
    seen = telemetry(profiles=SHORT, readings=scores({999: 0.001}))

    summary = told(case(seen=seen, stop_reason=COMPLETED))

    assert "looked for does harm" in summary
    assert "At a lag of 199 timesteps" in summary


def test_what_was_not_assessed_is_named_in_a_healthy_run() -> None:
    facts = task(metric="accuracy", mode=MetricMode.MAXIMISE, floor=0.5, attainable=1.0)
    seen = telemetry(
        clip_coefficient=[1.0] * 10 + [float("nan")] * 990,
        profiles=LONG,
        readings=scores({999: 1.0}, metric="accuracy"),
    )

    summary = told(case(facts=facts, seen=seen, stop_reason=COMPLETED))

    assert "accuracy on validation is about 1, better than the 0.5" in summary
    assert re.search(r"is present; \d+ could not be assessed", summary)


def test_few_symptoms_that_were_not_assessed_are_named() -> None:
    missing = [NotAssessed(code="clipping_always", reason="")]

    summary = summarise(case(stop_reason=COMPLETED), DiagnosisVerdict.HEALTHY, (), missing)

    assert summary.endswith("is present; clipping_always could not be assessed.")


def test_without_a_score_the_symptoms_that_were_looked_for_are_told() -> None:
    summary = summarise(case(stop_reason=COMPLETED), DiagnosisVerdict.HEALTHY, (), ())

    assert summary.startswith("Healthy: none of the")


@pytest.mark.parametrize(
    ("spec", "stop_reason", "advice"),
    [
        (job(), None, "Later steps of this run can answer it."),
        (job(), COMPLETED, "A longer run, or one with more probes and evaluations, can answer it."),
        (job(probes={"tier": "off"}), COMPLETED, "because probes are off (probes.tier)."),
    ],
)
def test_what_could_not_be_assessed_is_told_with_what_to_do(
    spec: JobSpec, stop_reason: StopReason | None, advice: str
) -> None:
    summary = told(case(spec=spec, stop_reason=stop_reason))

    assert summary.startswith("Undetermined")
    assert advice in summary


def test_an_undetermined_run_is_told_by_its_score_too() -> None:
    seen = telemetry(readings=scores({999: 0.001}))

    assert "After 999 steps the mse" in told(case(seen=seen, stop_reason=COMPLETED))


def test_findings_of_the_outcome_are_told_before_those_of_a_mechanism() -> None:
    assert "no_better_than_baseline" in OUTCOMES


def test_a_task_that_is_learned_as_well_as_can_be_is_learned() -> None:
    facts = task(attainable=0.1)
    it = case(facts=facts, seen=telemetry(profiles=SHORT, readings=scores({999: 0.0999})))
    (finding, *_) = diagnose(it).findings

    assert finding.explanation.endswith("It does no harm: the task is learned.")
