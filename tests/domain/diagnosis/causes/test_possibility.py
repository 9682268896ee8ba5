"""What structure and physics exclude, whatever the telemetry looks like."""

import math
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.data_facts import ColumnShift, RangeShift
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causes import CAUSES
from app.domain.specs.job import JobSpec
from app.domain.task import LagSource, Reference, RequiredLag, TaskFacts
from app.domain.telemetry import Telemetry
from tests.domain.builders import case, job, profile, reading, scores, task, telemetry

CARDS = {card.code: card for card in CAUSES}
UPLOAD = str(UUID(int=1))
FORECAST: JsonValue = {"kind": "forecast", "dataset_id": UPLOAD, "target": "y"}
TEXT: JsonValue = {"kind": "text", "dataset_id": UPLOAD}
LABELS: JsonValue = {
    "kind": "sequences",
    "dataset_id": UPLOAD,
    "sequence_column": "s",
    "features": ["x"],
    "label": "y",
}
#: Gradients of a run that was not clipped, and of one that was.
CLIPPED = telemetry(clip_coefficient=[1.0] * 999 + [0.5])
NAN_AT_STEP_2 = telemetry(num_steps=3, loss=[1.0, 1.0, math.nan])
NAN_AT_STEP_0 = telemetry(num_steps=1, loss=[math.nan])
NAN_AFTER_UPDATE_0 = telemetry(
    num_steps=2,
    loss=[1.0, math.nan],
    readings=[reading("non_finite.where", "model", 4, step=0)],
)


def possible(code: str, given: Case) -> bool:
    return CARDS[code].is_possible(given)


def of(dataset: JsonValue, **fields: JsonValue) -> JobSpec:
    assert isinstance(dataset, dict)
    document: dict[str, JsonValue] = {
        "model": {"kind": "lstm"},
        "dataset": {**dataset, **fields},
    }
    return JobSpec.model_validate(document)


@pytest.mark.parametrize(
    ("code", "spec", "is_possible"),
    [
        ("truncated_backpropagation", job(), False),
        ("truncated_backpropagation", job(training={"bptt_length": 20}), True),
        ("contractive_recurrence", job(), True),
        ("contractive_recurrence", job(model={"kind": "gru"}), False),
        ("closed_gates", job(), False),
        ("closed_gates", job(model={"kind": "gru"}), True),
        ("closed_gates", job(model={"kind": "lstm"}), True),
        ("dead_start", job(), False),
        ("dead_start", job(model={"activation": "relu"}), True),
        ("state_growth", job(), False),
        ("state_growth", job(model={"kind": "gru"}), False),
        ("state_growth", job(model={"kind": "lstm"}), True),
        ("state_growth", job(model={"activation": "relu"}), True),
        ("window_too_short", job(), False),
        ("window_too_short", of(FORECAST), True),
        ("max_length_too_short", of(FORECAST), False),
        ("max_length_too_short", of(LABELS), False),
        ("max_length_too_short", of(LABELS, max_length=10), True),
        ("distribution_shift", of(LABELS), False),
        ("distribution_shift", of(FORECAST), True),
        ("distribution_shift", of(TEXT), True),
        ("outliers_dominate", job(), False),
        ("outliers_dominate", of(TEXT), False),
        ("outliers_dominate", of(FORECAST), True),
        ("class_imbalance", job(), False),
        ("class_imbalance", of(LABELS), True),
        ("class_imbalance", of(LABELS, task="regression"), False),
        ("class_imbalance", of(LABELS, class_weights="balanced"), False),
        ("penalty_dominates", job(), False),
        ("penalty_dominates", job(regularization={"l1": 0.1}), True),
        ("penalty_dominates", job(regularization={"l2": 0.1}), True),
        ("penalty_dominates", job(optimizer={"kind": "adamw", "weight_decay": 0.1}), True),
        ("dropout_too_high", job(model={"num_layers": 2}), False),
        ("dropout_too_high", job(model={"dropout": 0.5}), False),
        ("dropout_too_high", job(model={"num_layers": 2, "dropout": 0.5}), True),
        ("overfitting", job(), False),
        ("overfitting", of(LABELS), True),
        ("too_few_data", job(), False),
        ("too_few_data", of(LABELS), True),
        ("numeric_precision", job(), False),
    ],
)
def test_a_job_without_what_a_cause_needs_excludes_it(
    code: str, spec: JobSpec, *, is_possible: bool
) -> None:
    assert possible(code, case(spec=spec)) is is_possible


@pytest.mark.parametrize(
    ("lag", "is_possible"),
    [
        (RequiredLag(timesteps=20, source=LagSource.TASK), True),
        (RequiredLag(timesteps=19, source=LagSource.TASK), False),
        (RequiredLag(timesteps=19, max=30, source=LagSource.DECLARED), True),
        (RequiredLag(timesteps=5, source=LagSource.ESTIMATED), True),
        (RequiredLag(), True),
    ],
)
def test_a_cut_beyond_a_known_lag_is_no_cause(lag: RequiredLag, *, is_possible: bool) -> None:
    facts = task().model_copy(update={"required_lag": lag})

    given = case(spec=job(training={"bptt_length": 20}), facts=facts)

    assert possible("truncated_backpropagation", given) is is_possible


@pytest.mark.parametrize(
    ("lag", "model", "is_possible"),
    [
        (RequiredLag(timesteps=20, source=LagSource.TASK), {"kind": "elman"}, False),
        (RequiredLag(timesteps=19, source=LagSource.TASK), {"kind": "elman"}, True),
        (RequiredLag(timesteps=99, source=LagSource.DECLARED), {"kind": "gru"}, False),
        (RequiredLag(timesteps=99, source=LagSource.ESTIMATED), {"kind": "elman"}, True),
        (RequiredLag(), {"kind": "elman"}, True),
        (
            RequiredLag(timesteps=99, source=LagSource.TASK),
            {"kind": "elman", "bidirectional": True},
            True,
        ),
    ],
)
def test_more_steps_learn_nothing_where_a_cut_blocks_the_lag(
    lag: RequiredLag, model: JsonValue, *, is_possible: bool
) -> None:
    facts = task().model_copy(update={"required_lag": lag})

    given = case(spec=job(model=model, training={"bptt_length": 20}), facts=facts)

    assert possible("too_few_steps", given) is is_possible
    assert possible("too_few_steps", replace(given, task=None))
    assert possible("too_few_steps", case(facts=facts))


def test_a_cut_counts_before_the_data_is_built() -> None:
    given = replace(case(spec=job(training={"bptt_length": 20})), task=None)

    assert possible("truncated_backpropagation", given)
    assert possible("expansive_recurrence", given)


def test_a_sequence_of_one_timestep_needs_no_memory() -> None:
    given = case(facts=task(length=1))

    assert not possible("contractive_recurrence", given)
    assert not possible("expansive_recurrence", given)


@pytest.mark.parametrize(
    ("code", "seen", "is_possible"),
    [
        ("learning_rate_too_high", telemetry(), True),
        ("learning_rate_too_high", NAN_AT_STEP_0, False),
        ("learning_rate_too_high", NAN_AT_STEP_2, True),
        ("learning_rate_too_high", NAN_AFTER_UPDATE_0, True),
        ("unreliable_start", NAN_AT_STEP_0, False),
        ("learning_rate_too_low", telemetry(), True),
        ("learning_rate_too_low", NAN_AT_STEP_2, False),
        ("too_few_steps", NAN_AT_STEP_2, False),
        ("capacity_too_small", NAN_AT_STEP_2, False),
        ("clip_threshold_too_low", telemetry(), False),
        ("clip_threshold_too_low", CLIPPED, True),
        ("numeric_precision", NAN_AT_STEP_2, True),
        ("numeric_precision", telemetry(profiles=[replace(profile(0), underflowed=True)]), True),
    ],
)
def test_what_was_recorded_excludes_causes(
    code: str, seen: Telemetry, *, is_possible: bool
) -> None:
    assert possible(code, case(seen=seen)) is is_possible


def test_double_precision_is_precise_enough() -> None:
    given = case(spec=job(training={"precision": "float64"}), seen=NAN_AT_STEP_2)

    assert not possible("numeric_precision", given)


@pytest.mark.parametrize(
    ("code", "quantity", "spec"),
    [
        ("saturated_start", "saturated_fraction", job()),
        ("dead_start", "dead_fraction", job(model={"activation": "relu"})),
    ],
)
@pytest.mark.parametrize(("share", "is_possible"), [(0.0, False), (0.4, True)])
def test_units_that_were_sound_at_the_start_are_no_cause(
    code: str, quantity: str, spec: JobSpec, share: float, *, is_possible: bool
) -> None:
    readings = [
        reading(quantity, "layer:0", 0.0, step=0),
        reading(quantity, "layer:1", share, step=0),
        reading(quantity, "layer:0", 1.0, step=500),
    ]

    assert possible(code, case(spec=spec, seen=telemetry(readings=readings))) is is_possible


@pytest.mark.parametrize(("share", "is_possible"), [(0.5, False), (0.59, False), (0.7, True)])
def test_classes_that_are_equally_frequent_are_no_cause(share: float, *, is_possible: bool) -> None:
    seen = telemetry(readings=[reading("target_class_share", "model", share)])

    given = case(spec=of(LABELS), facts=task(output_size=2), seen=seen)

    assert possible("class_imbalance", given) is is_possible


@pytest.mark.parametrize(
    ("validation", "test", "is_possible"),
    [(0.0, 0.09, False), (0.0, 0.1, True), (0.5, 0.0, True), (None, None, True)],
)
def test_later_rows_within_the_range_of_training_are_no_shift(
    validation: float | None, test: float | None, *, is_possible: bool
) -> None:
    def shift(share: float | None) -> RangeShift:
        if share is None:
            return RangeShift(target=None)
        column = ColumnShift(column="y", outside_share=share, outside_distance=1.0, level_move=1.0)
        return RangeShift(target=column)

    facts = task(shift={"validation": shift(validation), "test": shift(test)})

    assert possible("distribution_shift", case(spec=of(FORECAST), facts=facts)) is is_possible


def test_a_shift_may_be_there_before_the_data_is_built() -> None:
    assert possible("distribution_shift", replace(case(spec=of(FORECAST)), task=None))


def _forecast(score: float | None, reference: float | None, *, baseline: bool = True) -> Case:
    """A forecast whose baseline has an error of 1 on validation."""
    known = Reference(name="lags", source="", metrics={"validation": {"mse": reference}})
    facts: TaskFacts = task(floor=1.0, attainable=None, has_baseline=baseline)
    facts = facts.model_copy(update={"reference": None if reference is None else known})
    found = () if score is None else scores({100: 1.0, 200: score, 300: 1.0})
    return case(spec=of(FORECAST), facts=facts, seen=telemetry(readings=found))


@pytest.mark.parametrize(
    ("given", "is_possible"),
    [
        (case(), False),
        (case(facts=task(attainable=1 / 6)), True),
        (_forecast(None, None), True),
        (_forecast(None, None, baseline=False), True),
        (_forecast(0.95, 0.95), True),
        (_forecast(0.85, None), False),
        (_forecast(None, 0.85), False),
        (_forecast(math.nan, 1.2), True),
    ],
)
def test_a_score_that_is_better_than_the_baseline_shows_a_signal(
    given: Case, *, is_possible: bool
) -> None:
    assert possible("no_signal", given) is is_possible


def test_an_accuracy_above_the_baseline_shows_a_signal() -> None:
    facts = task(floor=0.5, metric="accuracy", mode="max", attainable=None)
    known = Reference(name="bag", source="", metrics={"validation": {"accuracy": 0.6}})
    facts = facts.model_copy(update={"reference": known})

    assert not possible("no_signal", case(spec=of(LABELS), facts=facts))


def test_a_baseline_of_zero_error_leaves_nothing_to_gain() -> None:
    given = case(
        spec=of(FORECAST),
        facts=task(floor=0.0, attainable=None),
        seen=telemetry(readings=scores({100: 0.0})),
    )

    assert possible("no_signal", given)


@pytest.mark.parametrize(("where", "is_proven"), [(0, True), (1, False)])
def test_only_a_number_in_the_data_proves_bad_data(where: int, *, is_proven: bool) -> None:
    seen = telemetry(
        num_steps=2,
        loss=np.array([1.0, math.nan]),
        readings=[reading("non_finite.where", "model", where, step=1)],
    )

    assert possible("non_finite_input", case(seen=seen)) is is_proven
