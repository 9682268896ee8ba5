"""Remedies for what the network sees of the data."""

import pytest
from pydantic import JsonValue

from app.domain.specs.job import JobSpec
from tests.domain.builders import job
from tests.domain.diagnosis.remedies.drawn import TEXT, drawn, forecast, sequences, treated


@pytest.mark.parametrize(
    ("options", "useful", "window"),
    [({}, 40, 40), ({}, None, 72), ({"season": 20}, None, 40), ({"season": 5}, None, 72)],
)
def test_a_window_ends_where_context_gains_no_more(
    options: dict[str, JsonValue], useful: int | None, window: int
) -> None:
    spec = forecast(**options)

    assert drawn("lengthen_window", spec, useful_context=useful) == {"dataset": {"window": window}}


def test_a_text_is_read_further_back() -> None:
    assert drawn("lengthen_window", job(dataset={**TEXT, "length": 20})) == {
        "dataset": {"length": 60}
    }


@pytest.mark.parametrize(("spec", "useful"), [(job(), None), (forecast(), 10)])
def test_a_window_that_shows_what_is_useful_stays(spec: JobSpec, useful: int | None) -> None:
    assert drawn("lengthen_window", spec, useful_context=useful) is None


def test_sequences_are_kept_whole_with_no_lag_declared_for_their_ends() -> None:
    spec = treated("keep_whole_sequences", sequences(max_length=5, dependency_lag=4))

    assert spec.dataset.max_length is None  # type: ignore[union-attr] # it is sequences
    assert spec.dataset.dependency_lag is None


@pytest.mark.parametrize("spec", [sequences(), job()])
def test_whole_sequences_stay(spec: JobSpec) -> None:
    assert drawn("keep_whole_sequences", spec) is None


def test_a_moving_level_is_differenced_or_scaled_by_window() -> None:
    assert drawn("difference_target", forecast(transform=["log1p"])) == {
        "dataset": {"transform": [{"kind": "log1p"}, {"kind": "difference", "lag": 1}]}
    }
    assert drawn("scale_by_window", forecast()) == {"dataset": {"scaling": "per_window"}}


@pytest.mark.parametrize(
    "spec",
    [
        job(),
        forecast(transform=["difference"]),
        forecast(loss="poisson"),
        forecast(loss="quantile", horizon=3),
    ],
)
def test_what_cannot_be_differenced_is_not(spec: JobSpec) -> None:
    assert drawn("difference_target", spec) is None


@pytest.mark.parametrize("spec", [job(), forecast(scaling="per_window")])
def test_what_is_scaled_by_window_or_has_none_stays(spec: JobSpec) -> None:
    assert drawn("scale_by_window", spec) is None


@pytest.mark.parametrize("loss", ["mse", "huber"])
def test_large_errors_of_a_forecast_count_by_their_size_in_the_scale_of_the_window(
    loss: str,
) -> None:
    assert drawn("robust_loss", forecast(loss=loss)) == {
        "dataset": {"loss": {"kind": "huber", "delta": 0.1}, "scaling": "per_window"}
    }


@pytest.mark.parametrize("loss", [None, "mse"])
def test_large_errors_of_a_regression_count_by_their_size(loss: str | None) -> None:
    spec = sequences(task="regression", loss=loss)

    assert drawn("robust_loss", spec) == {"dataset": {"loss": {"kind": "mae"}}}


@pytest.mark.parametrize(
    "spec",
    [
        forecast(loss="quantile"),
        forecast(loss={"kind": "huber", "delta": 0.1}),
        sequences(task="regression", loss="mae"),
        sequences(),
        job(),
    ],
)
def test_a_robust_loss_and_one_of_classes_stay(spec: JobSpec) -> None:
    assert drawn("robust_loss", spec) is None


@pytest.mark.parametrize(
    ("target", "field"), [("per_sequence", "sampling"), ("per_step", "class_weights")]
)
def test_rare_classes_count_as_much(target: str, field: str) -> None:
    assert drawn("balance_classes", sequences(target=target)) == {"dataset": {field: "balanced"}}


@pytest.mark.parametrize(
    "spec", [job(), sequences(class_weights="balanced"), sequences(task="regression")]
)
def test_classes_that_are_balanced_or_absent_stay(spec: JobSpec) -> None:
    assert drawn("balance_classes", spec) is None
