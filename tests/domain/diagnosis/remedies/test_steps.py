"""Remedies for steps that are too long, too short, too few or clipped."""

import pytest
from pydantic import JsonValue

from tests.domain.builders import job
from tests.domain.diagnosis.remedies.drawn import drawn, treated

GRU: JsonValue = {"kind": "gru"}


@pytest.mark.parametrize("factor", [None, 0.03, 0.3, 1.0, 30.0])
def test_a_rate_of_one_is_lowered_to_what_an_lstm_learns_with(factor: float | None) -> None:
    spec = job(model={"kind": "lstm", "hidden_size": 16}, optimizer={"learning_rate": 1.0})

    lower = treated("lower_learning_rate", spec, early_step_factor=factor)

    assert 0.003 <= lower.optimizer.learning_rate <= 0.015


def test_without_a_measurement_the_rate_is_lowered_tenfold() -> None:
    spec = job(optimizer={"learning_rate": 1e-3})

    assert drawn("lower_learning_rate", spec) == {"optimizer": {"learning_rate": 1e-4}}


@pytest.mark.parametrize(("factor", "rate"), [(9.0, 3.3e-4), (0.25, 1e-4), (1e-9, 1e-5)])
def test_a_usual_rate_is_lowered_by_the_measured_factor_within_bounds(
    factor: float, rate: float
) -> None:
    spec = job(optimizer={"learning_rate": 1e-3})

    lower = treated("lower_learning_rate", spec, early_step_factor=factor)

    assert lower.optimizer.learning_rate == pytest.approx(rate)


def test_a_momentum_that_adds_up_a_thousand_steps_is_lowered_as_well() -> None:
    spec = job(optimizer={"kind": "sgd", "learning_rate": 0.05, "momentum": 0.999})

    lower = treated("lower_learning_rate", spec, early_step_factor=0.5)

    assert lower.optimizer.momentum == 0.9  # type: ignore[union-attr] # it is sgd
    # ten steps add up, not a thousand: this alone shortens a step a hundredfold
    assert lower.optimizer.learning_rate == 0.05


def test_a_rate_that_is_too_high_at_a_usual_momentum_is_lowered_too() -> None:
    spec = job(optimizer={"kind": "sgd", "learning_rate": 10.0, "momentum": 0.99})

    lower = treated("lower_learning_rate", spec, early_step_factor=0.5)

    assert lower.optimizer.momentum == 0.9  # type: ignore[union-attr] # it is sgd
    assert lower.optimizer.learning_rate == pytest.approx(0.09)


def test_a_batch_that_is_mostly_noise_is_enlarged_as_well() -> None:
    spec = job(training={"batch_size": 1}, optimizer={"learning_rate": 0.04})

    assert treated("lower_learning_rate", spec).training.batch_size == 32


def test_noise_that_a_larger_batch_takes_away_does_not_shorten_the_step() -> None:
    spec = job(training={"batch_size": 2}, optimizer={"learning_rate": 9e-3})

    lower = treated("lower_learning_rate", spec, early_step_factor=0.125)

    assert lower.optimizer.learning_rate == pytest.approx(3e-3)


def test_a_tiny_rate_is_not_lowered() -> None:
    assert drawn("lower_learning_rate", job(optimizer={"learning_rate": 5e-7})) is None


def test_a_thousandth_of_the_right_rate_is_raised_at_least_thirtyfold() -> None:
    spec = job(model={"kind": "gru", "hidden_size": 32}, optimizer={"learning_rate": 1e-5})

    higher = treated("raise_learning_rate", spec, step_factor=24.0)

    assert higher.optimizer.learning_rate >= 30 * 1e-5
    assert higher.optimizer.learning_rate == 0.005


@pytest.mark.parametrize(
    ("present", "factor", "rate"),
    [(1e-3, None, 1e-2), (1e-3, 5.0, 3e-3), (2e-3, 10.0, 8e-3), (1e-3, 20.0, 0.03)],
)
def test_a_rate_is_raised_by_the_measured_factor(
    present: float, factor: float | None, rate: float
) -> None:
    higher = treated(
        "raise_learning_rate", job(optimizer={"learning_rate": present}), step_factor=factor
    )

    assert higher.optimizer.learning_rate == pytest.approx(rate)


def test_a_rate_that_is_a_little_low_is_raised_towards_a_usual_one() -> None:
    spec = job(optimizer={"learning_rate": 1e-4})

    assert treated("raise_learning_rate", spec, step_factor=5.0).optimizer.learning_rate == 9.5e-4


def test_where_noise_decides_on_a_flat_loss_a_usual_rate_is_advised() -> None:
    tiny, usual = (job(optimizer={"learning_rate": rate}) for rate in (1e-5, 2e-3))

    assert treated("raise_learning_rate", tiny, step_factor=0.06).optimizer.learning_rate == 0.003
    assert drawn("raise_learning_rate", usual, step_factor=0.06) is None


def test_a_rate_that_is_high_already_is_not_raised() -> None:
    spec = job(optimizer={"learning_rate": 0.02})

    assert drawn("raise_learning_rate", spec, step_factor=30.0) is None


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "step", "every": 50, "factor": 0.4},
        {"kind": "warmup", "warmup_steps": 4000},
        {"kind": "constant", "warmup_steps": 4000},
    ],
)
def test_a_schedule_that_leaves_nothing_of_the_rate_is_made_constant(
    schedule: dict[str, JsonValue],
) -> None:
    spec = job(optimizer={"schedule": schedule}, training={"num_steps": 1000})

    rate = treated("keep_learning_rate", spec).optimizer

    assert rate.rate_at(0, num_steps=1000) == rate.rate_at(999, num_steps=1000) == 1e-3


@pytest.mark.parametrize("schedule", [{"kind": "constant"}, {"kind": "cosine"}])
def test_a_usual_schedule_stays(schedule: dict[str, JsonValue]) -> None:
    spec = job(optimizer={"schedule": {**schedule, "warmup_steps": 5}})

    assert drawn("keep_learning_rate", spec) is None


@pytest.mark.parametrize("ratio", [None, 0.01])
def test_an_eps_above_the_gradients_is_made_small(ratio: float | None) -> None:
    spec = job(optimizer={"eps": 10.0})

    assert drawn("use_small_eps", spec, second_moment_over_eps=ratio) == {
        "optimizer": {"eps": 1e-8}
    }


@pytest.mark.parametrize(
    ("optimizer", "ratio"),
    [
        ({"kind": "sgd"}, None),
        ({"kind": "adam"}, 1.0),
        ({"kind": "rmsprop", "eps": 1e-3}, 1000.0),
        ({"kind": "adamw", "eps": 1e-6}, None),
    ],
)
def test_an_eps_below_the_gradients_stays(
    optimizer: dict[str, JsonValue], ratio: float | None
) -> None:
    assert drawn("use_small_eps", job(optimizer=optimizer), second_moment_over_eps=ratio) is None


@pytest.mark.parametrize(("model", "rate"), [({"kind": "elman"}, 0.003), (GRU, 0.005)])
def test_gradient_descent_is_replaced_by_adam_with_its_weight_decay(
    model: dict[str, JsonValue], rate: float
) -> None:
    descent: JsonValue = {"kind": "sgd", "learning_rate": 40.0, "weight_decay": 0.01}

    adam = treated("use_adam", job(model=model, optimizer=descent)).optimizer

    assert (adam.kind, adam.learning_rate, adam.weight_decay) == ("adam", rate, 0.01)


def test_an_optimizer_that_scales_its_steps_is_not_replaced() -> None:
    assert drawn("use_adam", job(optimizer={"kind": "rmsprop"})) is None


@pytest.mark.parametrize(("present", "larger"), [(1, 32), (16, 64)])
def test_a_small_batch_is_made_larger(present: int, larger: int) -> None:
    spec = job(training={"batch_size": present})

    assert drawn("larger_batch", spec) == {"training": {"batch_size": larger}}


def test_a_usual_batch_stays() -> None:
    assert drawn("larger_batch", job(training={"batch_size": 32})) is None


def test_a_lower_rate_rises_over_the_first_tenth_of_the_steps() -> None:
    spec = job(training={"num_steps": 800})

    assert drawn("warm_up", spec) == {
        "optimizer": {"learning_rate": 3e-4, "schedule": {"warmup_steps": 80}}
    }


def test_a_rate_far_above_a_usual_one_rises_to_three_times_that() -> None:
    spec = job(training={"num_steps": 800}, optimizer={"learning_rate": 2.0})

    assert treated("warm_up", spec).optimizer.learning_rate == pytest.approx(9e-3)


@pytest.mark.parametrize(
    "spec",
    [
        job(training={"num_steps": 99}),
        job(optimizer={"schedule": {"kind": "warmup", "warmup_steps": 5}}),
    ],
)
def test_a_short_run_and_one_that_warms_up_are_not_warmed_up(spec: object) -> None:
    assert drawn("warm_up", spec) is None  # type: ignore[arg-type] # a job spec


@pytest.mark.parametrize(
    "clipping",
    [{"kind": "norm", "max_norm": 1e-4, "min_norm": 1e-5}, {"kind": "value", "max_value": 1e-4}],
)
def test_a_tight_clip_is_loosened_to_the_usual_norm(clipping: dict[str, JsonValue]) -> None:
    loose = treated("loosen_clip", job(clipping=clipping), grad_norm=0.4).clipping

    assert (loose.kind, loose.max_norm) == ("norm", 0.4)  # type: ignore[union-attr] # clips the norm


def test_without_a_measured_norm_it_is_loosened_to_one() -> None:
    spec = job(clipping={"kind": "norm", "max_norm": 1e-4})

    assert drawn("loosen_clip", spec) == {"clipping": {"kind": "norm", "max_norm": 1.0}}


@pytest.mark.parametrize("clipping", [{"kind": "none"}, {"kind": "norm", "max_norm": 0.4}])
def test_a_clip_above_the_usual_norm_stays(clipping: dict[str, JsonValue]) -> None:
    assert drawn("loosen_clip", job(clipping=clipping), grad_norm=0.4) is None


@pytest.mark.parametrize(
    ("clipping", "patch"),
    [
        ({"kind": "norm", "max_norm": 5.0, "min_norm": 4.0}, {"max_norm": 0.31, "min_norm": None}),
        ({"kind": "value", "max_value": 1.0}, {"max_norm": 0.31}),
    ],
)
def test_a_norm_is_clipped_where_it_usually_is(
    clipping: dict[str, JsonValue], patch: dict[str, JsonValue]
) -> None:
    assert drawn("clip_norm", job(clipping=clipping), grad_norm=0.312) == {
        "clipping": {"kind": "norm", **patch}
    }


def test_an_exploded_norm_is_clipped_at_one() -> None:
    spec = job(clipping={"kind": "none"})

    assert drawn("clip_norm", spec, grad_norm=1.75e308) == {
        "clipping": {"kind": "norm", "max_norm": 1.0}
    }


def test_clipping_that_is_tighter_and_gradients_that_overflow_are_not_clipped() -> None:
    tight, loose = job(clipping={"max_norm": 0.1}), job(clipping={"kind": "none"})

    assert drawn("clip_norm", tight, grad_norm=3.0) is None
    assert drawn("clip_norm", loose, is_gradient_finite=False) is None


@pytest.mark.parametrize(
    ("needed", "steps"), [(None, 3000), (2500, 2500), (1001, 2000), (3000, 3000)]
)
def test_a_run_is_trained_for_the_steps_that_its_curve_forecasts(
    needed: int | None, steps: int
) -> None:
    spec = job(training={"num_steps": 1000})

    assert drawn("train_longer", spec, needed_steps=needed) == {"training": {"num_steps": steps}}


@pytest.mark.parametrize(("present", "higher"), [(1e-3, 2e-3), (5e-3, 9e-3), (2e-2, None)])
def test_where_three_times_the_steps_are_too_few_they_are_longer_too(
    present: float, higher: float | None
) -> None:
    spec = job(training={"num_steps": 1000}, optimizer={"learning_rate": present})

    longer = treated("train_longer", spec, needed_steps=6000)

    assert longer.training.num_steps == 3000
    assert longer.optimizer.learning_rate == (higher or present)


def test_where_even_a_hundred_times_the_steps_are_too_few_a_usual_rate_joins_them() -> None:
    spec = job(training={"num_steps": 1000}, optimizer={"learning_rate": 1e-5})

    assert treated("train_longer", spec, needed_steps=10**6).optimizer.learning_rate == 0.003


def test_the_longest_run_is_not_trained_longer() -> None:
    assert drawn("train_longer", job(training={"num_steps": 100_000_000})) is None
