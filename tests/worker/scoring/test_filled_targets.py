"""Targets that were filled in are scored in no split, whatever else a spec says."""

import json
from uuid import UUID

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.columnar import encode_table
from app.domain.datasets import parse_csv
from app.domain.specs.dataset.forecast import ForecastSpec
from worker.datasets.forecast import build_forecast

ROWS = 400


@pytest.mark.parametrize("missing", ["forward_fill", "drop"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.9])
@pytest.mark.parametrize(
    "extra",
    [{}, {"horizon": 3}, {"transform": ["difference"]}, {"scaling": "per_window"}, {"loss": "mae"}],
    ids=str,
)
def test_only_measured_targets_are_trained_on_and_scored(
    missing: str, share: float, extra: dict[str, JsonValue]
) -> None:
    rng = np.random.default_rng(1)
    # each value occurs once, so that it tells its row
    values_SN = rng.permutation(3 * ROWS).reshape(3, ROWS) + 1.0
    is_measured_SN = rng.random((3, ROWS)) >= share
    rows = [
        f"{t},{name},{values_SN[name, t] if is_measured_SN[name, t] else ''}"
        for name in range(3)
        for t in range(ROWS)
    ]
    fields = {"dataset_id": str(UUID(int=0)), "target": "y", "series_column": "s", "window": 4}
    spec = {"kind": "forecast", "time_column": "t", "missing": missing, **fields, **extra}

    task = build_forecast(
        ForecastSpec.model_validate_json(json.dumps(spec)),
        encode_table(parse_csv("t,s,y\n" + "\n".join(rows) + "\n")),
    )

    measured = set(values_SN[is_measured_SN])
    assert task.own_truths is not None
    for split, truth in task.own_truths.items():
        wanted = np.asarray(getattr(truth, "wanted_NO"))  # noqa: B009 - one of several kinds
        scored = wanted[np.isfinite(wanted)]
        assert scored.size
        assert set(np.round(scored, 6)) <= measured
        trained = task.evaluation[split].targets.numpy()
        np.testing.assert_array_equal(np.isfinite(trained), np.isfinite(wanted))
