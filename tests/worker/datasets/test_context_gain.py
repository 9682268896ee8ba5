import secrets

import numpy as np
import pytest
from pydantic import JsonValue
from statsmodels.datasets import co2, sunspots

from app.domain.task import LagSource, RequiredLag
from app.domain.telemetry import DoubleArray
from tests.worker.builders import DATASET_ID, make_spec
from worker.datasets.build import build_task
from worker.datasets.context_gain import RIDGE, class_targets, estimate_lag, windows_before

WINDOW = 24
Part = tuple[DoubleArray, DoubleArray]


def seeded() -> np.random.Generator:
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it where a test fails
    return np.random.default_rng(seed)


def cut(series_N: DoubleArray) -> tuple[Part, Part]:
    """Windows of the first 70 % and of the rest."""
    starts = np.arange(WINDOW, len(series_N))
    inputs_TWF = series_N[np.arange(-WINDOW, 0)[:, None] + starts][:, :, None]
    targets_WH = series_N[starts][:, None]
    split = int(0.7 * len(starts))
    return (inputs_TWF[:, :split], targets_WH[:split]), (inputs_TWF[:, split:], targets_WH[split:])


def estimated(series_N: DoubleArray) -> RequiredLag:
    return estimate_lag(*cut(series_N), length=WINDOW, is_overlapping=True)


def lag_of_series(text: str, **changes: JsonValue) -> RequiredLag:
    dataset: dict[str, JsonValue] = {"kind": "forecast", "dataset_id": DATASET_ID, **changes}
    return build_task(
        make_spec({"dataset": dataset}).dataset, upload=text.encode()
    ).facts.required_lag


@pytest.mark.parametrize("window", [24, 48])
def test_sunspots_need_about_nine_years(window: int) -> None:
    """Of a cycle of eleven years whose autocorrelation is significant for decades."""
    text = sunspots.load_pandas().data.to_csv(index=False)

    lag = lag_of_series(text, target="SUNACTIVITY", window=window)

    assert lag.timesteps is not None
    assert lag.source is LagSource.ESTIMATED
    assert 7 <= lag.timesteps <= 10
    assert lag.min == lag.median == 0


def test_weekly_carbon_dioxide_needs_about_sixty_weeks() -> None:
    """A year and some weeks tell season and trend; its autocorrelation never ends."""
    text = co2.load_pandas().data.to_csv(index=False)

    lag = lag_of_series(text, target="co2", window=104, missing="forward_fill")

    assert lag.timesteps is not None
    assert 50 <= lag.timesteps <= 70


def test_a_random_walk_needs_only_its_last_value() -> None:
    lag = estimated(np.cumsum(seeded().normal(size=3000)) / 50)

    assert lag.timesteps == 0
    assert lag.source is LagSource.ESTIMATED


@pytest.mark.parametrize("delay", [4, 12])
def test_a_delayed_copy_needs_its_delay(delay: int) -> None:
    series_N = seeded().normal(size=3000)
    for place in range(delay, len(series_N)):
        series_N[place] += 0.8 * series_N[place - delay]

    lag = estimated(series_N)

    assert (lag.min, lag.median, lag.timesteps) == (delay - 1,) * 3


def test_noise_needs_nothing_that_could_be_found() -> None:
    lag = estimated(seeded().normal(size=3000))

    assert (lag.timesteps, lag.source) == (None, LagSource.UNKNOWN)
    assert "gains nothing" in lag.method


def test_another_column_counts_too() -> None:
    rng = seeded()
    driver_N = rng.normal(size=2000)
    target_N = np.roll(driver_N, 7) + 0.1 * rng.normal(size=2000)
    rows = [f"{y:.5f},{x:.5f}" for y, x in zip(target_N, driver_N, strict=True)]

    lag = lag_of_series("\n".join(["y,x", *rows]), target="y", features=["x"], window=WINDOW)

    assert lag.timesteps == 6


def test_a_target_far_ahead_is_nearer_by_its_horizon() -> None:
    noise_N = seeded().normal(size=3000)
    series_N = noise_N + 3 * np.roll(noise_N, 30)
    starts = np.arange(WINDOW, len(series_N) - 20)
    inputs_TWF = noise_N[np.arange(-WINDOW, 0)[:, None] + starts][:, :, None]
    targets_WH = series_N[starts[:, None] + np.arange(15, 20)]
    parts = ((inputs_TWF[:, :2000], targets_WH[:2000]), (inputs_TWF[:, 2000:], targets_WH[2000:]))

    lag = estimate_lag(*parts, length=WINDOW, is_overlapping=True)

    assert (lag.min, lag.timesteps) == (10, 14)


def test_with_few_windows_nothing_is_claimed() -> None:
    lag = estimated(np.arange(60.0))

    assert (lag.timesteps, lag.source) == (None, LagSource.UNKNOWN)


def independent_windows(seed: int, *, size: int) -> tuple[Part, Part]:
    """The sign of the value at lag 6, as told to a regression, in as many windows."""
    rng = np.random.default_rng(seed)
    inputs_TWF = rng.normal(size=(WINDOW, size, 1))
    targets_WH = (inputs_TWF[-7] > 0).astype(np.float64)
    split = size - 45
    return (inputs_TWF[:, :split], targets_WH[:split]), (inputs_TWF[:, split:], targets_WH[split:])


def test_what_few_windows_gain_by_chance_makes_no_lag_longer() -> None:
    """Of independent windows it is known what chance does, of overlapping ones it is not."""
    parts = [independent_windows(seed, size=300) for seed in range(30)]

    found, unguarded = (
        [estimate_lag(*part, length=WINDOW, is_overlapping=each).timesteps for part in parts]
        for each in (False, True)
    )

    assert sum(lag == 6 for lag in found) >= 27
    assert sum(lag == 6 for lag in unguarded) < 24


def test_a_gain_that_chance_explains_is_mostly_none() -> None:
    found = []
    for seed in range(30):
        train, held_out = independent_windows(seed, size=300)
        shuffled = np.random.default_rng(seed).permutation(held_out[1])
        found.append(
            estimate_lag(train, (held_out[0], shuffled), length=WINDOW, is_overlapping=False)
        )

    assert sum(lag.source is LagSource.UNKNOWN for lag in found) >= 27


def test_constant_targets_say_nothing() -> None:
    train, held_out = cut(seeded().normal(size=1000))
    still = (held_out[0], np.zeros_like(held_out[1]))

    lag = estimate_lag(
        (train[0], np.zeros_like(train[1])), still, length=WINDOW, is_overlapping=True
    )

    assert lag.timesteps is None


def test_one_factorisation_gives_what_a_regression_a_context_gives() -> None:
    series_N = np.cumsum(seeded().normal(size=400))
    train, held_out = cut(series_N / series_N.std())

    lag = estimate_lag(train, held_out, length=WINDOW, is_overlapping=True)

    losses = []
    for context in range(WINDOW + 1):
        x_WK, judged_WK = (
            np.c_[np.ones(part[1].shape[0]), part[0][WINDOW - context :, :, 0].T]
            for part in (train, held_out)
        )
        whole = np.square(train[0]).sum() + len(x_WK)
        ridge = RIDGE * whole / (WINDOW + 1) * np.eye(context + 1)
        weights = np.linalg.solve(x_WK.T @ x_WK + ridge, x_WK.T @ train[1])
        losses.append(0.5 * np.log(np.square(judged_WK @ weights - held_out[1]).mean()))
    assert lag.timesteps == int(np.argmax(np.array(losses) <= min(losses) + 0.01)) - 1
    assert lag.max == int(np.argmin(losses)) - 1


def test_windows_end_at_their_target_and_begin_with_zeros() -> None:
    features_NF = np.arange(1.0, 7.0)[:, None]
    sequences = [np.array([0, 1, 2, 3], dtype=np.int32), np.array([5, 4], dtype=np.int32)]

    every_TWF, every_W = windows_before(features_NF, sequences, is_per_step=True, longest=3)
    last_TWF, last_W = windows_before(features_NF, sequences, is_per_step=False, longest=3)

    assert every_W.tolist() == [0, 1, 2, 3, 5, 4]
    assert every_TWF[:, :, 0].T.tolist() == [
        [0, 0, 1],
        [0, 1, 2],
        [1, 2, 3],
        [2, 3, 4],
        [0, 0, 6],
        [0, 6, 5],
    ]
    assert last_W.tolist() == [3, 4]
    assert last_TWF[:, :, 0].T.tolist() == [[2, 3, 4], [0, 6, 5]]


def test_of_many_classes_the_frequent_ones_are_told() -> None:
    train_W = np.array([3, 3, 1, *range(40)], dtype=np.int32)

    targets_WH, held_out_WH = class_targets(train_W, np.array([1, 39], dtype=np.int32))

    assert targets_WH.shape == (43, 16)
    assert held_out_WH.tolist() == [[0, 1, *[0] * 14], [0] * 16]
