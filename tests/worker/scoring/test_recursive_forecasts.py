"""Recursive forecasts against a loop over the published program's own predictions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.telemetry import DoubleArray, ScoreDetails
from tests.worker.scoring.test_published_predictions import Run, bounds
from tests.worker.scoring.test_published_transforms import (
    ALL,
    CALENDAR,
    DAYS,
    NUM_ROWS,
    SEASON,
    WINDOW,
    panel,
    train,
)

STEPS = 7
#: Changes of the spec, and the rows that their transforms take.
CASES: dict[str, tuple[dict[str, JsonValue], int]] = {
    "plain": ({"horizon": 1}, 0),
    "two at a time": ({"horizon": 2, "scaling": "global"}, 0),
    "transformed": ({"horizon": 3, "transform": ALL, "scaling": "per_window"}, SEASON + 1),
    "calendar": ({"horizon": 2, "calendar": CALENDAR, "transform": ["log1p"]}, 0),
    "quantiles": ({"horizon": 1, "loss": "quantile", "transform": ["difference"]}, 1),
    "rates": ({"horizon": 2, "loss": "poisson", "scaling": "per_window"}, 0),
}


def rolled_out(run: Run, starts: list[int], *, reach: int, horizon: int) -> DoubleArray:
    """(2 starts, STEPS) predictions from the program's own predictions, series by series."""
    known = [list(values_N[:start]) for values_N in panel().values() for start in starts]
    names = [name for name in panel() for _ in starts]
    first = [len(rows) for rows in known]
    num_passes = -(-STEPS // horizon)
    for _ in range(num_passes):
        inputs: list[dict[str, object]] = []
        for name, rows in zip(names, known, strict=True):
            begin = len(rows) - WINDOW - reach
            inputs.append(
                {
                    "series": name,
                    "timesteps": [[float(value)] for value in rows[begin:]],
                    "times": DAYS[begin : len(rows) + horizon].tolist(),
                }
            )
        for rows, told in zip(known, run.predict(inputs), strict=True):
            points = told[0].reshape(horizon, -1)
            rows.extend(points[:, points.shape[1] // 2])
    return np.array([rows[start : start + STEPS] for rows, start in zip(known, first, strict=True)])


@pytest.mark.parametrize("name", CASES)
def test_scores_are_those_of_predictions_that_go_on_from_themselves(
    tmp_path: Path, name: str
) -> None:
    changes, reach = CASES[name]
    run = train(tmp_path, recursive_steps=STEPS, **changes)
    horizon = int(str(changes["horizon"]))
    rolled = -(-STEPS // horizon) * horizon
    for split in ("validation", "test"):
        first, end = bounds(NUM_ROWS)[split]
        starts = list(range(first, end - rolled + 1))
        wanted = np.array(
            [values_N[at : at + STEPS] for values_N in panel().values() for at in starts]
        )
        naive = np.array(
            [
                [values_N[at - SEASON + step % SEASON] for step in range(STEPS)]
                for values_N in panel().values()
                for at in starts
            ]
        )
        error = rolled_out(run, starts, reach=reach, horizon=horizon) - wanted

        (details,) = (one for one in run.trained.of_kind(ScoreDetails) if one.split == split)

        found: Any = details.details["recursive"]
        assert [one["step"] for one in found] == list(range(1, STEPS + 1))
        mae = [one["mae"] for one in found]
        assert mae == pytest.approx(np.abs(error).mean(axis=0), rel=1e-5)
        rmse = [one["rmse"] for one in found]
        assert rmse == pytest.approx(np.sqrt((error**2).mean(axis=0)), rel=1e-5)
        naive_mae = [one["naive_mae"] for one in found]
        assert naive_mae == pytest.approx(np.abs(naive - wanted).mean(axis=0), rel=1e-8)
    (of_training,) = (one for one in run.trained.of_kind(ScoreDetails) if one.split == "train")
    assert "recursive" not in of_training.details
