"""predict.py reads rows with the same time as training does."""

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.datasets import parse_csv
from app.domain.panels import Panel
from app.domain.specs.dataset.forecast import ForecastSpec
from worker.publishing.program.inputs import columns_of, examples_of
from worker.publishing.program.network import Unusable
from worker.publishing.program.tables import rows_of

TEXT = "t,y,x\n0,5,1\n1,1,0.1\n1,3,0.7\n2,9,2\n1,,0.7\n3,4,4\n"


def read(equal_times: str | None) -> list[list[float]]:
    layout: dict[str, JsonValue] = {
        "group_column": None,
        "order_column": "t",
        "missing": "drop",
        "is_order_date": False,
    }
    if equal_times is not None:
        layout["equal_times"] = equal_times
    scaling: JsonValue = {"series": None}
    description = {"input": {"columns": ["y", "x"], "scalings": [scaling]}, "csv": layout}
    rows = rows_of(TEXT.encode(), "rows.csv", columns_of(description), layout)
    (example,) = examples_of(rows, description)
    return list(example["timesteps"])


@pytest.mark.parametrize("equal_times", ["keep_first", "mean"])
def test_rows_with_the_same_time_are_read_as_in_training(equal_times: str) -> None:
    spec = ForecastSpec.model_validate(
        {
            "kind": "forecast",
            "dataset_id": "00000000-0000-0000-0000-000000000000",
            "target": "y",
            "features": ["x"],
            "time_column": "t",
            "equal_times": equal_times,
            "missing": "drop",
        },
        strict=False,
    )

    trained_nF = Panel.of(spec, parse_csv(TEXT)).without_gaps(0)[0]

    np.testing.assert_array_equal(read(equal_times), trained_nF)
    assert len(trained_nF) == 4


@pytest.mark.parametrize("equal_times", ["refuse", None])
def test_without_a_choice_rows_with_the_same_time_are_refused(equal_times: str | None) -> None:
    with pytest.raises(Unusable, match="row 4, column 't': the same time as row 3"):
        read(equal_times)
