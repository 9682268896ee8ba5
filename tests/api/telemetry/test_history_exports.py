"""CSV, Arrow and Parquet hold the same readings: all of them, and each number exactly."""

import csv
import io
from datetime import datetime
from uuid import UUID

import httpx
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from app.domain.scopes import Scope
from app.domain.telemetry import ReadingBatch, ScalarReading
from tests.api.conftest import Clinic
from tests.api.measured import batch_of, path_of, record, started_run
from tests.store.builders import TENSORS

ARROW_STREAM = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
COLUMNS = ["step", "recorded_at", "quantity", "scope", "value"]
SPECIAL = [np.nan, np.inf, -np.inf, -0.0, 1e-45, 0.1, 3.4e38]

Row = tuple[int, datetime, str, str, str]


@pytest.fixture(scope="module")
def run_id(clinic: Clinic) -> UUID:
    """A run with ordinary and special numbers, in single and in double precision."""
    made = started_run(clinic)
    loss = np.concatenate([np.array(SPECIAL, "f4"), np.random.default_rng(0).random(20_000, "f4")])
    record(clinic, made, seq=0, batch=batch_of(loss))
    scores = tuple(
        ScalarReading(step=step, quantity="mse", scope=Scope.parse("train"), value=value)
        for step, value in enumerate([0.1, float("nan"), float("-inf"), 5e-324])
    )
    record(clinic, made, seq=1, batch=ReadingBatch(readings=scores, progress_step=loss.size))
    return made.id


def rows_of_csv(content: bytes) -> list[Row]:
    rows = csv.DictReader(io.StringIO(content.decode()))
    return [
        (
            int(row["step"]),
            datetime.fromisoformat(row["recorded_at"]),
            row["quantity"],
            row["scope"],
            # the shortest decimal of a number of single precision is not the number itself
            repr(float(row["value"] if row["quantity"] == "mse" else np.float32(row["value"]))),
        )
        for row in rows
    ]


def rows_of_table(table: pa.Table) -> list[Row]:
    assert table.column_names == COLUMNS
    assert all(column.null_count == 0 for column in table.columns)
    return [
        (row["step"], row["recorded_at"], row["quantity"], row["scope"], repr(row["value"]))
        for row in table.to_pylist()
    ]


def export(client: httpx.Client, run_id: UUID, accept: str, **asked: object) -> list[Row]:
    answer = client.get(
        path_of(run_id, "history"),
        params=asked,  # type: ignore[arg-type] # strings, numbers and lists of them
        headers={"Accept": accept},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].partition(";")[0] == accept
    match accept:
        case "text/csv":
            return rows_of_csv(answer.content)
        case "application/vnd.apache.parquet":
            return rows_of_table(parquet.read_table(io.BytesIO(answer.content)))
        case _:
            return rows_of_table(pa.ipc.open_stream(answer.content).read_all())


@pytest.mark.parametrize(
    "asked",
    [
        {"quantity": "loss"},
        {"quantity": ["mse", "loss", "grad_norm"], "scope": ["train", "model"]},
        {"quantity": "grad_norm", "scope": f"tensor:{TENSORS[1]}"},
        {"quantity": "loss", "max_points": 100},
        {"quantity": ["loss", "mse"], "from_step": 2, "to_step": 3},
        {"quantity": "loss", "from_step": 10_000_000},
    ],
)
def test_every_form_has_the_same_rows(
    client: httpx.Client, run_id: UUID, asked: dict[str, object]
) -> None:
    expected = export(client, run_id, "text/csv", **asked)

    for form in (ARROW_STREAM, PARQUET):
        assert export(client, run_id, form, **asked) == expected


@pytest.mark.parametrize("form", [ARROW_STREAM, PARQUET])
def test_numbers_that_are_not_finite_are_values_and_not_nulls(
    client: httpx.Client, run_id: UUID, form: str
) -> None:
    rows = export(client, run_id, form, quantity="loss")

    first = [float(value) for *_, value in rows[: len(SPECIAL)]]
    np.testing.assert_array_equal(np.array(first, "f4"), np.array(SPECIAL, "f4"))
    assert len(rows) == 20_000 + len(SPECIAL)


@pytest.mark.parametrize("form", [ARROW_STREAM, PARQUET])
def test_a_wrong_query_is_refused_before_anything_is_sent(
    client: httpx.Client, run_id: UUID, form: str
) -> None:
    answer = client.get(
        path_of(run_id, "history"), params={"quantity": "luck"}, headers={"Accept": form}
    )

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
