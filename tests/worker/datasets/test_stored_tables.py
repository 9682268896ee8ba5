"""Training reads the table that the profile of an upload describes."""

import numpy as np
import pytest

from app.domain.errors import InvalidData
from app.domain.profiles import CsvProfile
from app.domain.specs.job import JobSpec
from app.domain.uploads import CheckRequest
from app.reading.check_upload import check_upload
from worker.datasets.build import build_task
from worker.datasets.usage import NumberInput

ID = "00000000-0000-0000-0000-000000000000"
ROWS = 120
EUROPEAN = "tag;last;meter\n" + "".join(
    f"{row % 28 + 1}.{row // 28 + 1}.2020;{row * 7 % 13},5;{2**53 + row % 2}\n"
    for row in range(ROWS)
)
PLAIN = "tag,last,meter\n" + "".join(
    f"2020-{row // 28 + 1:02d}-{row % 28 + 1:02d},{row * 7 % 13}.5,m{row % 2}\n"
    for row in range(ROWS)
)


def spec(**dataset: object) -> JobSpec:
    parts = {"kind": "forecast", "dataset_id": ID, "target": "last", "window": 5, **dataset}
    return JobSpec.model_validate({"model": {"kind": "gru"}, "dataset": parts})


def test_a_file_with_decimal_commas_trains_like_one_with_points() -> None:
    wanted = spec(time_column="tag")
    european, plain = (
        build_task(wanted.dataset, upload=check_upload(CheckRequest(kind="csv"), text.encode())[1])
        for text in (EUROPEAN, PLAIN)
    )

    batches = [task.data.batch(0, batch_size=8, seed=0) for task in (european, plain)]
    np.testing.assert_array_equal(batches[0].inputs_TBI.numpy(), batches[1].inputs_TBI.numpy())
    np.testing.assert_array_equal(batches[0].targets.numpy(), batches[1].targets.numpy())


def test_long_whole_numbers_name_different_series() -> None:
    checked, stored = check_upload(CheckRequest(kind="csv"), EUROPEAN.encode())
    task = build_task(spec(time_column="tag", series_column="meter").dataset, upload=stored)

    assert isinstance(checked.profile, CsvProfile)
    assert checked.profile.columns[2].distinct == 2
    assert isinstance(task.usage.input, NumberInput)
    series = [scaling.series for scaling in task.usage.input.scalings]
    assert series == [str(2**53), str(2**53 + 1)]


def test_a_column_of_dates_is_no_feature() -> None:
    _, stored = check_upload(CheckRequest(kind="csv"), EUROPEAN.encode())

    with pytest.raises(InvalidData, match="holds dates where numbers are needed"):
        build_task(spec(features=["tag"]).dataset, upload=stored)
