import numpy as np
import pytest
import torch
from pydantic import JsonValue
from statsmodels.datasets import sunspots

from app.domain.errors import InvalidData
from app.domain.telemetry import DoubleArray
from tests.worker.builders import DATASET_ID, make_spec, train_spec
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.datasets.usage import NumberInput

CPU = torch.device("cpu")
COUNTER = "t,y\n" + "".join(f"{t},{t}\n" for t in range(100))


def forecast(**changes: JsonValue) -> dict[str, JsonValue]:
    defaults: dict[str, JsonValue] = {
        "kind": "forecast",
        "dataset_id": DATASET_ID,
        "target": "y",
        "window": 5,
    }
    return {**defaults, **changes}


def make_task(text: str, **changes: JsonValue) -> Task:
    spec = make_spec({"dataset": forecast(**changes)})
    return build_task(spec.dataset, upload=text.encode())


def unscaled(values: torch.Tensor, num_train: int = 70) -> DoubleArray:
    """Of the counter: back to the rows' numbers."""
    train = np.arange(num_train)
    rounded: DoubleArray = np.round(values.double().numpy() * train.std() + train.mean(), 3)
    return rounded


@pytest.mark.parametrize("horizon", [1, 4])
def test_no_target_of_one_part_is_a_target_of_another(horizon: int) -> None:
    task = make_task(COUNTER, horizon=horizon)

    train = task.training_batch(0, batch_size=2000, seed=0)
    targets = {
        "train": set(unscaled(train.targets).ravel()),
        "validation": set(unscaled(task.evaluation["validation"].targets).ravel()),
        "test": set(unscaled(task.evaluation["test"].targets).ravel()),
    }

    assert targets["train"] == set(range(5, 70))
    assert targets["validation"] == set(range(70, 85))
    assert targets["test"] == set(range(85, 100))


def test_a_probe_looks_at_windows_from_all_of_the_time() -> None:
    text = "t,y\n" + "".join(f"{t},{t}\n" for t in range(2000))
    samples = [
        make_task(text, seed=seed).probe_sample(16, device=CPU, dtype=torch.float64)
        for seed in (1, 1, 2)
    ]

    first, again, other = (set(unscaled(sample.targets, 1400).ravel()) for sample in samples)
    assert first == again != other
    # of rows 1400 to 1699; sixteen neighbours would span five in a hundred
    assert max(first) - min(first) > 150


def test_a_window_ends_where_its_targets_begin() -> None:
    batch = make_task(COUNTER, horizon=2).evaluation["validation"]

    last_B = unscaled(batch.inputs_TBI[-1, :, 0])
    np.testing.assert_allclose(unscaled(batch.targets[:, 0]), last_B + 1)
    np.testing.assert_allclose(unscaled(batch.targets[:, 1]), last_B + 2)


def test_the_scale_is_that_of_the_training_part_alone() -> None:
    spiked = COUNTER.replace("\n99,99\n", "\n99,1e9\n")

    calm, wild = make_task(COUNTER), make_task(spiked)

    assert torch.equal(
        calm.training_batch(0, batch_size=8, seed=0).inputs_TBI,
        wild.training_batch(0, batch_size=8, seed=0).inputs_TBI,
    )


def test_each_series_of_a_file_has_its_own_scale_and_its_own_split() -> None:
    rows = [
        f"{name},{t},{t * factor}" for t in range(100) for name, factor in (("a", 1), ("b", 50))
    ]
    task = make_task("name,t,y\n" + "\n".join(rows), series_column="name", time_column="t")

    validation = task.evaluation["validation"]

    assert validation.num_sequences == 30
    pairs_W2 = validation.targets.flatten().sort().values.view(15, 2)
    torch.testing.assert_close(pairs_W2[:, 0], pairs_W2[:, 1])


def test_a_short_series_is_left_out_with_a_note_and_the_others_are_trained_on() -> None:
    sizes = {f"s{index:02d}": 5 if index == 7 else 120 for index in range(20)}
    rows = [f"{name},{t},{t % 11}" for name, size in sizes.items() for t in range(size)]

    task = make_task("name,t,y\n" + "\n".join(rows), series_column="name", window=30)

    assert isinstance(task.usage.input, NumberInput)
    trained = [scaling.series for scaling in task.usage.input.scalings]
    assert trained == [name for name in sizes if name != "s07"]
    (note,) = task.facts.notes
    assert note.startswith("1 of 20 series is left out: ")
    assert "'s07'" in note
    assert all(original.series in trained for original in task.usage.originals)


def test_the_time_column_orders_the_rows() -> None:
    header, *rows = COUNTER.splitlines()
    shuffled = [rows[index] for index in np.random.default_rng(0).permutation(100)]

    task = make_task("\n".join([header, *shuffled]), time_column="t")

    ordered = make_task(COUNTER)
    found, expected = (t.evaluation["validation"].inputs_TBI for t in (task, ordered))
    assert torch.equal(found, expected)


def test_the_naive_forecast_repeats_the_last_value() -> None:
    task = make_task(COUNTER, season=3)

    scores = {(floor.name, floor.metric): floor.value for floor in task.facts.baselines}

    variance = np.arange(70).var()
    assert scores["naive", "mse_scaled"] == pytest.approx(1 / variance)
    assert scores["seasonal_naive", "mse_scaled"] == pytest.approx(9 / variance)
    assert (scores["naive", "mse"], scores["seasonal_naive", "mse"]) == (1, 9)
    assert task.facts.baselines[0].name == "naive"


def test_a_season_that_begins_before_a_series_has_no_score_in_training() -> None:
    factors = {"a": 1, "b": 7}
    rows = [f"{name},{t * factors[name] + t % 3}" for name in factors for t in range(100)]
    task = make_task("name,y\n" + "\n".join(rows), series_column="name", season=40)

    (floor,) = (
        one for one in task.facts.baselines if (one.name, one.metric) == ("seasonal_naive", "mse")
    )

    assert floor.scores["train"] is None
    a, b = (np.arange(100) * factor + np.arange(100) % 3 for factor in (1, 7))
    errors = [series[85:] - series[45:60] for series in (a, b)]
    assert floor.scores["test"] == pytest.approx(np.square(errors).mean())


def test_a_seasonal_forecast_of_many_steps_repeats_the_season() -> None:
    season = "y\n" + "\n".join(str([1, 5, 2][t % 3]) for t in range(90))

    task = make_task(season, season=3, horizon=7)

    assert task.facts.baseline is not None
    assert task.facts.baseline.name == "seasonal_naive"
    assert task.facts.baseline.value == pytest.approx(0)


@pytest.mark.parametrize(
    ("text", "changes", "place"),
    [
        ("y\n" + "1\n2\n" * 3, {}, "too short"),
        ("y\n" + "7\n" * 100, {}, "constant"),
        ("y\n" + "0.1\n" * 100, {}, "constant"),
        ("y\n" + "1e308\n-1e308\n" * 50, {}, "too large"),
        ("y\n" + "1\n2\n" * 50 + "many\n", {}, "row 102, column 'y'"),
        (COUNTER, {"target": "z"}, "no column 'z'"),
        (COUNTER.replace("\n40,40\n", "\n40,\n"), {}, "row 42, column 'y'"),
        (COUNTER.replace("\n40,40\n", "\n39,40\n"), {"time_column": "t"}, "row 42, column 't'"),
        (COUNTER, {"horizon": 20}, "validation part"),
        (COUNTER, {"season": 80}, "season 80"),
        ("", {}, "empty"),
    ],
)
def test_data_that_cannot_serve_the_spec_is_refused_with_its_place(
    text: str, changes: dict[str, JsonValue], place: str
) -> None:
    with pytest.raises(InvalidData, match=place):
        make_task(text, **changes)


@pytest.mark.parametrize(("missing", "num_windows"), [("forward_fill", 15), ("drop", 14)])
def test_gaps_are_filled_from_before_or_dropped(missing: str, num_windows: int) -> None:
    gapped = COUNTER.replace("\n40,40\n", "\n40,\n").replace("\n0,0\n", "\n0,\n")

    task = make_task(gapped, missing=missing)

    assert task.evaluation["validation"].num_sequences == num_windows
    assert torch.isfinite(task.training_batch(0, batch_size=200, seed=0).inputs_TBI).all()


def test_an_lstm_beats_the_naive_forecast_of_sunspots() -> None:
    series = sunspots.load().data
    rows = zip(series["YEAR"], series["SUNACTIVITY"], strict=True)
    upload = "year,spots\n" + "".join(f"{year:.0f},{spots}\n" for year, spots in rows)
    spec = make_spec(
        {
            "model": {"kind": "lstm", "hidden_size": 32},
            "optimizer": {"learning_rate": 0.005},
            "dataset": forecast(target="spots", time_column="year", window=24, season=11),
            "training": {"num_steps": 150, "batch_size": 32, "evaluate_every": 50},
        }
    )

    run = train_spec(spec, upload=upload.encode())

    facts = build_task(spec.dataset, upload=upload.encode()).facts
    assert facts.baseline is not None
    assert facts.baseline.name == "naive"
    assert run.readings("mse_scaled")[150, "validation"] < 0.8 * facts.baseline.value
