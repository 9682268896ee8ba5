"""The numbers of a run that remedies draw their amounts from."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from app.domain.data_facts import LongerContext
from app.domain.diagnosis.run_numbers import numbers_of, typical_factor
from app.domain.task import MetricMode, Reference
from app.domain.telemetry import ScalarReading
from tests.domain.builders import case, reading, scores, task, telemetry


def of_steps(quantity: str, values: Sequence[float]) -> list[ScalarReading]:
    return [reading(quantity, "model", value, step=10 * n) for n, value in enumerate(values)]


def test_a_typical_factor_is_the_geometric_mean_with_zeros_below_what_was_tried() -> None:
    assert typical_factor([]) is None
    assert typical_factor([30.0, 0.3]) == pytest.approx(3.0)
    assert typical_factor([0.0, 0.0]) == pytest.approx(0.03)


def test_the_first_four_probes_are_the_early_ones() -> None:
    factors = of_steps("best_step_factor", [0.1, 0.1, 0.1, 0.1, 0.0, 10.0, 10.0, 10.0, 10.0, 10.0])

    numbers = numbers_of(case(seen=telemetry(readings=factors[::-1])))

    assert numbers.early_step_factor == pytest.approx(0.1)
    assert numbers.step_factor == pytest.approx(5.05)


def test_the_largest_share_of_a_penalty_and_the_latest_of_eps_count() -> None:
    readings = [
        *of_steps("penalty_share", [0.5, 0.1]),
        *of_steps("decay_share", [np.nan, 0.7, 0.2]),
        *of_steps("second_moment_over_eps", [1e4, 3.0]),
    ]

    numbers = numbers_of(case(seen=telemetry(readings=readings)))

    assert (numbers.penalty_share, numbers.second_moment_over_eps) == (0.7, 3.0)


def test_what_was_not_measured_is_none() -> None:
    numbers = numbers_of(case())

    assert numbers.early_step_factor is numbers.step_factor is None
    assert numbers.penalty_share is numbers.second_moment_over_eps is None
    assert numbers.needed_steps is numbers.best_step is numbers.useful_context is None
    assert numbers.grad_norm == pytest.approx(0.3)


def test_a_loss_that_is_not_finite_at_the_first_step_is_told_from_a_later_one() -> None:
    at_once = telemetry(num_steps=1, loss=np.nan, grad_norm=np.nan)
    later = telemetry(num_steps=3, loss=[0.2, 0.2, np.nan])

    assert not numbers_of(case(seen=at_once)).starts_finite
    assert numbers_of(case(seen=later)).starts_finite
    assert numbers_of(case(seen=telemetry(num_steps=0))).starts_finite


@pytest.mark.parametrize(("norm", "is_finite"), [(1e9, False), (3.0, True)])
def test_a_gradient_that_overflows_is_told_from_one_that_can_be_clipped(
    norm: float, *, is_finite: bool
) -> None:
    seen = telemetry(num_steps=3, loss=[0.2, 0.2, np.nan], grad_norm=[norm, norm, np.nan])

    assert numbers_of(case(seen=seen)).is_gradient_finite is is_finite


def test_steps_are_forecast_from_the_gap_to_the_attainable_score() -> None:
    # the gap halves every 100 steps; a tenth of 1/6 is left after 332
    readings = scores({step: 2 ** (-step / 100) / 6 for step in range(0, 200, 20)})

    assert numbers_of(case(seen=telemetry(readings=readings))).needed_steps == pytest.approx(
        332, abs=1
    )


def test_without_an_attainable_score_the_reference_or_a_perfect_score_counts() -> None:
    readings = scores({step: 0.1 + 2 ** (-step / 100) / 6 for step in range(0, 200, 20)})
    reference = Reference(name="lags", source="", metrics={"validation": {"mse": 0.1}})
    seen = telemetry(readings=readings)

    known = numbers_of(case(facts=task(attainable=None, reference=reference), seen=seen))
    perfect = numbers_of(case(facts=task(attainable=None), seen=seen))

    # a tenth of 1/6 - 0.1 is left after 464 steps
    assert known.needed_steps == pytest.approx(464, abs=2)
    assert perfect.needed_steps is not None
    assert perfect.needed_steps > 500


@pytest.mark.parametrize(
    "values",
    [
        {0: 0.1, 100: 0.05},
        {step: 0.1 + step / 1e4 for step in range(0, 200, 20)},
        {step: 0.16 - step / 1e14 for step in range(0, 200, 20)},
        {},
    ],
)
def test_a_score_that_does_not_improve_has_no_forecast(values: dict[int, float]) -> None:
    assert numbers_of(case(seen=telemetry(readings=scores(values)))).needed_steps is None


def test_a_floor_that_is_the_best_score_has_no_forecast() -> None:
    readings = scores({step: 2 ** (-step / 100) for step in range(0, 200, 20)})
    facts = task(floor=0.0)

    assert numbers_of(case(facts=facts, seen=telemetry(readings=readings))).needed_steps is None


@pytest.mark.parametrize(("mode", "step"), [(MetricMode.MINIMISE, 40), (MetricMode.MAXIMISE, 0)])
def test_the_best_step_is_that_of_the_best_finite_score(mode: MetricMode, step: int) -> None:
    readings = scores({0: 0.3, 20: 0.2, 40: 0.1, 60: 0.2, 80: np.nan})

    numbers = numbers_of(case(facts=task(mode=mode), seen=telemetry(readings=readings)))

    assert numbers.best_step == step


@pytest.mark.parametrize(("enough", "useful"), [(40, 40), (20, None)])
def test_context_is_useful_where_more_than_is_shown_is_needed(
    enough: int, useful: int | None
) -> None:
    longer = LongerContext(shown=24, enough=enough, tried=48, gain=0.3, chance=0.01)

    assert numbers_of(case(facts=task(longer_context=longer))).useful_context == useful


def test_a_run_without_data_has_the_length_of_its_spec() -> None:
    numbers = numbers_of(replace(case(), task=None))

    assert (numbers.length, numbers.required_lag) == (200, None)


@pytest.mark.parametrize(("best", "gain"), [(0.05, 0.7), (0.2, -0.2), (None, None)])
def test_the_best_gain_is_relative_to_the_baseline(best: float | None, gain: float | None) -> None:
    readings = [] if best is None else [*scores({0: 0.3, 300: best, 600: 0.4})]

    assert numbers_of(case(seen=telemetry(readings=readings))).best_gain == pytest.approx(gain)


@pytest.mark.parametrize(
    ("best", "saved", "step"),
    [(0.05, 300, 300), (0.05, None, None), (1 / 6, 300, None), (None, 300, None)],
)
def test_a_fork_starts_from_a_best_step_that_is_saved_and_better_than_the_baseline(
    best: float | None, saved: int | None, step: int | None
) -> None:
    seen = telemetry(readings=[] if best is None else [*scores({0: 0.2, 300: best})])

    numbers = numbers_of(replace(case(seen=seen), saved_best_step=saved))

    assert numbers.fork_step == step
