"""POST /v1/runs/{id}/predict says what the run's predict.py says of the same rows."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.conftest import Json, Owner

PANEL = "shop,day,sold,price\n" + "".join(
    f"{shop},2020-{1 + day // 28:02d}-{1 + day % 28:02d},{scale * (100 + day % 7)},{day % 3}\n"
    for day in range(80, -1, -1)
    for shop, scale in (("north", 1), ("south", 250))
)
SEQUENCES = "id,t,x,y,kind,level\n" + "".join(
    f"{one},{t},{(one * 7 + t) % 5},{t % 3},{'ab'[one % 2]},{(one + t) % 4}\n"
    for one in range(40)
    for t in range(6)
)
#: As people in Germany write it.
GERMAN = "Tag;Menge\n" + "".join(
    f"{1 + day % 28}.{1 + day // 28}.2020;1.00{day % 7},25\n" for day in range(80)
)
TEXT = "the quick brown fox jumps over the lazy dog. " * 20
Case = tuple[str, str, dict[str, object]]
CASES: Mapping[str, Case] = {
    "forecast": (
        "csv",
        PANEL,
        {
            "kind": "forecast",
            "target": "sold",
            "features": ["price"],
            "series_column": "shop",
            "time_column": "day",
            "window": 7,
            "horizon": 3,
            "loss": {"kind": "quantile", "levels": [0.1, 0.5, 0.9]},
        },
    ),
    "per_sequence": (
        "csv",
        SEQUENCES,
        {
            "kind": "sequences",
            "sequence_column": "id",
            "order_column": "t",
            "features": ["x", "y"],
            "label": "kind",
            "target": "per_sequence",
            "task": "classification",
        },
    ),
    "per_step": (
        "csv",
        SEQUENCES,
        {
            "kind": "sequences",
            "sequence_column": "id",
            "order_column": "t",
            "features": ["x", "y"],
            "label": "level",
            "target": "per_step",
            "task": "regression",
        },
    ),
    "transformed": (
        "csv",
        PANEL,
        {
            "kind": "forecast",
            "target": "sold",
            "series_column": "shop",
            "time_column": "day",
            "window": 7,
            "horizon": 3,
            "transform": [{"kind": "log1p"}, {"kind": "difference"}],
        },
    ),
    "calendar": (
        "csv",
        PANEL,
        {
            "kind": "forecast",
            "target": "sold",
            "series_column": "shop",
            "time_column": "day",
            "window": 7,
            "horizon": 3,
            "scaling": "per_window",
            "calendar": ["day_of_week"],
        },
    ),
    "german": (
        "csv",
        GERMAN,
        {
            "kind": "forecast",
            "target": "Menge",
            "time_column": "Tag",
            "window": 7,
            "horizon": 2,
        },
    ),
    "text": ("text", TEXT, {"kind": "text", "length": 16}),
}
MEDIA_TYPE = {"csv": "text/csv", "text": "text/plain"}


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A run that has ended, its data set, and a folder with its files."""

    run_id: str
    dataset_id: str
    content: str
    media_type: str
    folder: Path

    def printed(self) -> dict[str, Any]:
        """What predict.py prints for the whole file."""
        file = self.folder / ("data.csv" if self.media_type == "text/csv" else "data.txt")
        file.write_text(self.content)
        command = [sys.executable, str(self.folder / "predict.py"), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def train(owner: Owner, name: str, folder: Path) -> Trained:
    kind, content, dataset = CASES[name]
    query = {"name": name, "kind": kind}
    uploaded = owner.http.post("/v1/datasets", params=query, content=content.encode())
    assert uploaded.status_code == httpx.codes.CREATED, uploaded.text
    dataset_id = uploaded.json()["id"]
    spec: Json = {
        "model": {"kind": "gru", "hidden_size": 4},
        "dataset": {**dataset, "dataset_id": dataset_id},
        "training": {"num_steps": 6, "evaluate_every": 3},
    }
    run_id = owner.post_run(spec)
    owner.wait_until(lambda: owner.run(run_id)["status"] == "succeeded")
    folder.mkdir()
    for file in ("predict.py", "model.json", "model.safetensors"):
        got = owner.http.get(f"/v1/runs/{run_id}/artifacts/{file}")
        (folder / file).write_bytes(got.content)
    return Trained(
        run_id=run_id,
        dataset_id=dataset_id,
        content=content,
        media_type=MEDIA_TYPE[kind],
        folder=folder,
    )


@pytest.fixture(scope="module")
def trained(owner: Owner, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Trained]:
    root = tmp_path_factory.mktemp("runs")
    return {name: train(owner, name, root / name) for name in CASES}


def predict(owner: Owner, run_id: str, *, json_body: object = None, **given: Any) -> Any:
    if json_body is not None:
        given["json"] = json_body
    answer = owner.http.post(f"/v1/runs/{run_id}/predict", params={"wait_s": 60}, **given)
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()["result"]["predictions"]


def by_file(owner: Owner, one: Trained) -> Any:
    headers = {"Content-Type": one.media_type}
    return predict(owner, one.run_id, content=one.content.encode(), headers=headers)


def test_a_forecast_has_the_numbers_of_predict_py_with_times_and_quantiles(
    owner: Owner, trained: Mapping[str, Trained]
) -> None:
    one = trained["forecast"]

    rows = by_file(owner, one)

    printed = one.printed()["outputs"]
    assert len(rows) == 2 * 3
    expected = {output["series"]: output for output in printed}
    for row in rows:
        output, ahead = expected[row["series"]], row["steps_ahead"]
        low, middle, high = output["rows"][0][3 * (ahead - 1) : 3 * ahead]
        assert row["timestamp"] == output["timestamps"][ahead - 1]
        assert row["values"] == {"sold": middle}
        assert row["quantiles"] == {"sold": {"0.1": low, "0.5": middle, "0.9": high}}


def test_a_class_of_each_sequence_has_the_probabilities_of_predict_py(
    owner: Owner, trained: Mapping[str, Trained]
) -> None:
    one = trained["per_sequence"]

    rows = by_file(owner, one)

    printed = one.printed()
    assert len(rows) == 40
    assert [list(row["probabilities"].values()) for row in rows] == [
        output["rows"][0] for output in printed["outputs"]
    ]
    for row in rows:
        assert list(row["probabilities"]) == printed["classes"]
        assert row["label"] == max(row["probabilities"], key=row["probabilities"].get)


def test_each_timestep_has_the_number_of_predict_py_and_its_row(
    owner: Owner, trained: Mapping[str, Trained]
) -> None:
    one = trained["per_step"]

    rows = by_file(owner, one)

    outputs = one.printed()["outputs"]
    assert [row["values"]["level"] for row in rows] == [
        number for output in outputs for (number,) in output["rows"]
    ]
    # the header is row 1
    assert [row["row"] for row in rows] == list(range(2, 242))
    assert [row["timestamp"] for row in rows[:6]] == [0, 1, 2, 3, 4, 5]


def test_each_character_has_the_probabilities_of_predict_py(
    owner: Owner, trained: Mapping[str, Trained]
) -> None:
    one = trained["text"]

    rows = by_file(owner, one)

    [output] = one.printed()["outputs"]
    assert [list(row["probabilities"].values()) for row in rows] == output["rows"]
    assert [row["timestep"] for row in rows] == list(range(1, 17))


@pytest.mark.parametrize("name", CASES)
def test_rows_a_data_set_and_a_file_give_the_same_numbers(
    name: str, owner: Owner, trained: Mapping[str, Trained]
) -> None:
    one = trained[name]
    by_dataset = predict(owner, one.run_id, json_body={"dataset_id": one.dataset_id})
    if name == "german":
        days = (line.split(";") for line in GERMAN.splitlines()[1:])
        body: dict[str, Any] = {
            "rows": [
                {"Tag": day, "Menge": float(amount.replace(".", "").replace(",", "."))}
                for day, amount in days
            ]
        }
    elif name == "text":
        body = {"text": one.content}
    else:
        rows = list(csv.DictReader(io.StringIO(one.content)))
        numbers = {"sold", "price", "x", "y", "t"}
        body = {
            "rows": [
                {key: float(cell) if key in numbers else cell for key, cell in row.items()}
                for row in rows
            ]
        }
    by_rows = predict(owner, one.run_id, json_body=body)

    expected = by_file(owner, one)

    assert by_dataset == expected
    # JSON has no header, so that its rows are counted from 1
    for row in expected:
        row["row"] = row["row"] and row["row"] - 1
    assert by_rows == expected


def test_what_cannot_be_used_is_refused_with_row_and_column(
    owner: Owner, trained: Mapping[str, Trained]
) -> None:
    run_id = trained["forecast"].run_id
    good = {"shop": "north", "day": "2020-01-01", "sold": 1, "price": 1}
    days = [{**good, "day": f"2020-01-0{day}"} for day in range(1, 9)]

    def refused(body: object) -> dict[str, Any]:
        answer = owner.http.post(f"/v1/runs/{run_id}/predict", json=body)
        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, answer.text
        [problem] = answer.json()["errors"]
        return dict(problem)

    cell = refused({"rows": [*days[:2], {**days[2], "sold": "many"}, *days[3:]]})
    missing = refused({"rows": [{"day": "2020-01-01", "sold": 1}]})
    few = refused({"rows": days[:3]})
    series = refused({"rows": [{**each, "shop": "west"} for each in days]})

    assert cell["pointer"] == "/rows/2/sold"
    assert cell["detail"] == (
        "row 3, column 'sold': 'many' is not a finite number, nor a mark of the option na"
    )
    assert missing["pointer"] == "/rows/0/price"
    assert few["pointer"] == "/rows/2"
    assert "fewer than 7" in few["detail"]
    assert series["pointer"] == "/rows/0/shop"


def test_the_weights_of_the_best_evaluation_can_be_asked_for(
    owner: Owner, trained: Mapping[str, Trained]
) -> None:
    one = trained["forecast"]
    params: dict[str, str | int] = {"wait_s": 60, "weights": "best"}
    answer = owner.http.post(
        f"/v1/runs/{one.run_id}/predict", params=params, json={"dataset_id": one.dataset_id}
    )

    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.json()["weights"] == "best"
    best = owner.run(one.run_id)["best"]
    assert isinstance(best, dict)
    assert answer.json()["result"]["weights_step"] == best["step"]
