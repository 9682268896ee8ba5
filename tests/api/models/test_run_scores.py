"""The scores in the view of a run."""

from pydantic import JsonValue

from app.api.models.run import view_run
from app.domain.task import Baseline, Reference
from tests.domain.builders import run, task


def test_a_run_shows_its_baseline_and_its_skill_by_split() -> None:
    floor = Baseline(
        name="naive",
        metric="mse",
        value=2.0,
        scores={"train": 1.0, "validation": 2.0, "test": 50.0},
        source="repeat the last value",
    )
    facts = task().model_copy(update={"baselines": (floor,)})
    metrics = {"train": {"mse": 0.5}, "validation": {"mse": 2.0}, "test": {"mse": 53.5}}

    view = view_run(run(task=facts, metrics=metrics), waiting_for=None).model_dump(mode="json")

    assert view["skill"] == {"train": 0.5, "validation": 0.0, "test": -0.07}
    assert view["baseline"] == {
        "name": "naive",
        "metric": "mse",
        "value": 2.0,
        "scores": {"train": 1.0, "validation": 2.0, "test": 50.0},
    }


def test_a_run_shows_its_reference_in_the_units_of_the_data() -> None:
    scaled, floor = (
        Baseline(name="naive", metric=metric, value=2.0, source="")
        for metric in ("mse_scaled", "mse")
    )
    reference = Reference(
        name="lags",
        source="penalty 1",
        metrics={
            "validation": {"mse": 0.5, "mse_scaled": 0.1},
            "test": {"mse": None, "mse_scaled": 0.2},
        },
        nonlinear_score=0.3,
        are_residuals_white=True,
    )
    changes = {"baselines": (scaled, floor), "metric": "mse_scaled", "reference": reference}
    facts = task().model_copy(update=changes)

    view = view_run(run(task=facts), waiting_for=None).model_dump(mode="json")

    assert view["reference"] == {
        "name": "lags",
        "metric": "mse",
        "scores": {"train": None, "validation": 0.5, "test": None},
        "source": "penalty 1",
        "nonlinear_score": 0.3,
        "are_residuals_white": True,
    }


def test_a_task_with_a_known_best_score_shows_no_reference() -> None:
    for facts in (task(), None):
        assert view_run(run(task=facts), waiting_for=None).reference is None


def test_before_anything_is_scored_there_is_no_skill() -> None:
    view = view_run(run(task=None), waiting_for=None).model_dump(mode="json")

    assert view["skill"] == {"train": None, "validation": None, "test": None}
    assert view["baseline"] is None


def test_metrics_are_divided_by_horizon_series_and_class() -> None:
    details: dict[str, dict[str, JsonValue]] = {
        "validation": {"horizon": [{"mae": 1.0}, {"mae": 2.0}], "series": {"a": {"mae": 1.5}}},
        "test": {"class": {"x": {"recall": 0.5}}, "confusion": [[3]]},
    }

    view = view_run(run(), waiting_for=None, score_details=details).model_dump(mode="json")

    empty: dict[str, JsonValue] = {"train": {}, "validation": {}, "test": {}}
    assert view["metrics_by"] == {
        "horizon": [
            empty | {"step": 1, "validation": {"mae": 1.0}},
            empty | {"step": 2, "validation": {"mae": 2.0}},
        ],
        "recursive": [],
        "series": {"a": empty | {"validation": {"mae": 1.5}}},
        "class": {"x": empty | {"test": {"recall": 0.5}}},
        "confusion": {"classes": ["x"], "train": None, "validation": None, "test": [[3]]},
    }
    assert view_run(run(), waiting_for=None).metrics_by is None


def test_recursive_scores_of_each_split_stand_by_their_step() -> None:
    details: dict[str, dict[str, JsonValue]] = {
        split: {"recursive": [{"step": 1, "mae": mae}, {"step": 3, "mae": 2 * mae}]}
        for split, mae in (("validation", 1.0), ("test", 2.0))
    }

    view = view_run(run(), waiting_for=None, score_details=details).model_dump(mode="json")

    assert view["metrics_by"]["recursive"] == [
        {"step": 1, "train": {}, "validation": {"mae": 1.0}, "test": {"mae": 2.0}},
        {"step": 3, "train": {}, "validation": {"mae": 2.0}, "test": {"mae": 4.0}},
    ]
