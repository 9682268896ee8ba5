"""The published program refuses what it cannot use with one line that names the place."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.domain.reader_options import MISSING_AMONG_NUMBERS, MISSING_CELLS
from tests.worker.datasets.test_forecast import forecast
from tests.worker.datasets.test_sequences import make_csv, sequences
from tests.worker.publishing.test_predict import (
    CASES,
    Answers,
    Case,
    Left,
    answers_of,
    leave,
)
from worker.publishing.description import FORMAT
from worker.publishing.program.cells import MISSING
from worker.publishing.program.predict import NEWEST_FORMAT

STRICT: Case = (
    {"kind": "gru"},
    forecast(window=4, horizon=2, features=["x"], series_column="series", time_column="day"),
    "series,day,y,x\n"
    + "".join(f"a,2020-01-{day:02d},{day % 5},{day % 3}\n" for day in range(1, 32)),
)
HEADER = "series,day,y,x\n"
GOOD = [f"a,2020-01-0{day},{day},1" for day in range(1, 7)]


def table(**changed: str) -> str:
    """Six good rows, of which those named `row_2` to `row_7` are others."""
    rows = [changed.get(f"row_{number}", row) for number, row in enumerate(GOOD, start=2)]
    return HEADER + "".join(f"{row}\n" for row in rows)


def document(*rows: object, series: str = "a") -> str:
    return json.dumps({"inputs": [{"series": series, "timesteps": [[1, 2]] * 3 + list(rows)}]})


#: Name of the file, its content, and what the one line says.
REFUSED: Mapping[str, tuple[str, str, str]] = {
    "duplicate": (
        "a.csv",
        "series,day,y,x,x\n",
        "row 1, column 'x': two columns have this name",
    ),
    "json rows lack": (
        "a.json",
        '{"rows": [{"series": "a", "day": "2020-01-01", "y": 1}]}',
        "row 1, column 'x': the row lacks it; it has 'series', 'day', 'y'",
    ),
    "json rows nan": (
        "a.json",
        '{"rows": [{"series": "a", "day": "2020-01-01", "y": NaN, "x": 1}]}',
        "row 1, column 'y': 'NaN' is not a finite number",
    ),
    "json rows nested": (
        "a.json",
        '{"rows": [{"series": "a", "day": "2020-01-01", "y": [1], "x": 1}]}',
        "row 1, column 'y': '[1]' is not a finite number",
    ),
    "json rows none": ("a.json", '{"rows": []}', "there is no row; a row needs the columns"),
    "json rows other": ("a.json", '{"rows": [1]}', "row 1: it is no JSON object"),
    "json lines": (
        "a.jsonl",
        '{"series": "a", "day": "2020-01-01", "y": 1, "x": 1}\n{"series": "a",',
        "row 2 is not JSON",
    ),
    "missing time": ("a.csv", table(row_2="a,,1,1"), "row 2, column 'day': a value is missing: ''"),
    "decimal comma": (
        "a.csv",
        table(row_2='a,2020-01-01,"1,5",1'),
        "row 2, column 'y': '1,5' is not a finite number with the decimal sign ., as in training",
    ),
    "header only": ("a.csv", HEADER, "the table has no row below its header"),
    "nothing": ("a.csv", "", "the table needs a header with the columns 'day', 'series', 'x', 'y'"),
    "no column": ("a.csv", "series,day,y\na,2020-01-01,1\n", "the table needs a header with"),
    "inf": (
        "a.csv",
        table(row_4="a,2020-01-03,inf,1"),
        "row 4, column 'y': 'inf' is not a finite number",
    ),
    "too large": ("a.csv", table(row_4="a,2020-01-03,1,1e999"), "row 4, column 'x': '1e999' is"),
    "nan": ("a.csv", table(row_4="a,2020-01-03,nan,1"), "row 4, column 'y': a value is missing"),
    "question mark": (
        "a.csv",
        table(row_3="a,2020-01-02,2,?"),
        "row 3, column 'x': a value is missing: '?'",
    ),
    "word": ("a.csv", table(row_3="a,2020-01-02,2,many"), "row 3, column 'x': 'many' is not a"),
    "underscore": ("a.csv", table(row_3="a,2020-01-02,2,1_0"), "row 3, column 'x': '1_0' is not a"),
    "ragged": (
        "a.csv",
        table(row_5="a,2020-01-04,4"),
        "row 5, column 'x': it has 3 cells, and the header has 4",
    ),
    "too long": (
        "a.csv",
        table(row_5="a,2020-01-04,4,1,1"),
        "row 5, column number 5: it has 5 cells, and the header has 4",
    ),
    "bad date": (
        "a.csv",
        table(row_6="a,2020-02-30,5,1"),
        "row 6, column 'day': '2020-02-30' is not a date like",
    ),
    "tie": (
        "a.csv",
        table(row_6="a,2020-01-02,5,1"),
        "row 6, column 'day': the same time as row 3",
    ),
    "series": (
        "a.csv",
        table(row_2="c,2020-01-01,1,1"),
        "row 2, column 'series': the network knows",
    ),
    "no series": ("a.csv", table(row_2=",2020-01-01,1,1"), "row 2, column 'series': a value is"),
    "few rows": (
        "a.csv",
        HEADER + GOOD[0] + "\n",
        "row 2: a sequence of the series 'a' has 1 timesteps, fewer than 4",
    ),
    "json nan": (
        "a.json",
        document([1, float("nan")]),
        "input 1, timestep 4, column 'x': NaN is not a finite number",
    ),
    "json inf": (
        "a.json",
        document([float("-inf"), 1]),
        "timestep 4, column 'y': -Infinity is not",
    ),
    "json large": ("a.json", document([10**400, 1]), "timestep 4, column 'y': 1000000"),
    "json null": ("a.json", document([1, None]), "timestep 4, column 'x': null is not a finite"),
    "json true": ("a.json", document([1, True]), "timestep 4, column 'x': true is not a finite"),
    "json width": ("a.json", document([1]), "input 1, timestep 4: it needs 2 numbers, of 'y', 'x'"),
    "json row": ("a.json", document(1), "input 1, timestep 4: it needs 2 numbers"),
    "json series": ("a.json", document([1, 1], series="c"), "knows no series 'c'; it knows 'a'"),
    "json few": ("a.json", document(), "has 3 timesteps, fewer than 4"),
    "json empty": ("a.json", '{"inputs": []}', "with at least one"),
    "json other": ("a.json", '{"inputs": [{}]}', "input 1 has no list of timesteps"),
    "not json": ("a.json", "{", "the file is not JSON"),
    "overflow": ("a.json", document([1e308, -1e308]), "the prediction for sequence 1 overflows"),
}


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    return leave(tmp_path_factory.mktemp("strict") / "run", STRICT)


@pytest.fixture(scope="module")
def answers(left: Left, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    root = tmp_path_factory.mktemp("inputs")
    commands: dict[str, list[str]] = {}
    for number, (name, (file, content, _)) in enumerate(REFUSED.items()):
        path = root / f"{number}-{file}"
        path.write_text(content)
        commands[name] = [str(left.folder), str(path)]
    (root / "latin.csv").write_bytes(b"series,day,y,x\nm\xf6,2020-01-01,1,1\n")
    commands["latin-1"] = [str(left.folder), str(root / "latin.csv")]
    commands["no file"] = [str(left.folder), str(root / "none.csv")]
    (root / "good.csv").write_text(table())
    good = str(root / "good.csv")
    commands["good"] = [str(left.folder), good]
    commands["sample"] = [str(left.folder), good, "--sample", "3"]
    commands["no weights"] = [str(left.folder), good, "--weights", "none.safetensors"]
    commands["json as weights"] = [str(left.folder), good, "--weights", "model.json"]
    monthly = HEADER + "".join(f"a,2020-{month:02d}-01,{month},1\n" for month in range(1, 7))
    (root / "monthly.csv").write_text(monthly)
    commands["monthly"] = [str(left.folder), str(root / "monthly.csv")]
    (root / "irregular.csv").write_text(table(row_7="a,2020-01-09,6,1"))
    commands["irregular"] = [str(left.folder), str(root / "irregular.csv")]
    (root / "hours.csv").write_text(
        HEADER + "".join(f"a,2020-01-01T{hour}:00,{hour},1\n" for hour in range(18, 24))
    )
    commands["hours"] = [str(left.folder), str(root / "hours.csv")]
    (root / "zones.csv").write_text(
        HEADER + "".join(f"a,2020-01-01T{hour}:00+01:00,{hour},1\n" for hour in range(18, 24))
    )
    commands["zones"] = [str(left.folder), str(root / "zones.csv")]
    (root / "ends.csv").write_text(
        HEADER
        + "".join(f"a,{day},{n},1\n" for n, day in enumerate(("2020-01-31", "2020-02-29")))
        + "".join(f"a,{day},{n},1\n" for n, day in enumerate(("2020-03-31", "2020-04-30")))
    )
    commands["month ends"] = [str(left.folder), str(root / "ends.csv")]
    return answers_of(commands)


@pytest.mark.parametrize("name", REFUSED)
def test_an_input_is_refused_in_one_line(answers: Answers, name: str) -> None:
    code, said, complained = answers[name]

    assert (code, said) == (2, "")
    assert complained.count("\n") == 1
    assert complained.startswith("predict.py: error: ")
    assert REFUSED[name][2] in complained


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("latin-1", "is not UTF-8: byte 16"),
        ("no file", "none.csv' cannot be read: No such file or directory"),
        ("no weights", "there is no file of weights"),
        ("json as weights", "is not a file of weights"),
        ("sample", "--sample is for a network that reads and predicts characters"),
    ],
)
def test_a_file_is_refused_in_one_line(answers: Answers, name: str, says: str) -> None:
    code, said, complained = answers[name]

    assert (code, said, complained.count("\n")) == (2, "", 1)
    assert says in complained


@pytest.mark.parametrize(
    ("name", "timestamps"),
    [
        ("good", ["2020-01-07", "2020-01-08"]),
        ("monthly", ["2020-07-01", "2020-08-01"]),
        ("month ends", ["2020-05-31", "2020-06-30"]),
        ("hours", ["2020-01-02T00:00:00", "2020-01-02T01:00:00"]),
        ("zones", ["2020-01-01T23:00:00+00:00", "2020-01-02T00:00:00+00:00"]),
        ("irregular", None),
    ],
)
def test_a_forecast_has_the_times_of_its_values(
    answers: Answers, name: str, timestamps: list[str] | None
) -> None:
    [output] = json.loads(answers[name][1])["outputs"]

    assert output["timestamps"] == timestamps


def damaged(folder: Path, copy: Path, **parts: object) -> list[str]:
    """The command for a copy whose model.json has other parts; None leaves one out."""
    shutil.copytree(folder, copy)
    document = json.loads((copy / "model.json").read_text()) | parts
    kept = {name: part for name, part in document.items() if part is not None}
    (copy / "model.json").write_text(json.dumps(kept))
    (copy / "in.csv").write_text(table())
    return [str(copy), str(copy / "in.csv")]


def test_damaged_files_of_the_run_are_refused_in_one_line(left: Left, tmp_path: Path) -> None:
    says = {
        "newer": "model.json has the format 99, and this program reads none above 1; take the",
        "lacks a part": "model.json beside this program is damaged: it lacks /input",
        "other part": "model.json beside this program is damaged: it lacks /model/input_size",
        "no object": "model.json beside this program is damaged: it is no JSON object",
        "not json": "model.json beside this program cannot be read",
        "no file": "model.json beside this program cannot be read",
        "cut weights": "is not a file of weights",
        "empty weights": "is not a file of weights",
        "folder as weights": "is not a file of weights",
        "golden": "golden.json beside this program is damaged",
        "folder as input": "cannot be read: Is a directory",
    }
    commands = {name: damaged(left.folder, tmp_path / name) for name in says}
    folders = {name: tmp_path / name for name in says}
    commands["newer"] = damaged(left.folder, tmp_path / "n", format=99)
    commands["lacks a part"] = damaged(left.folder, tmp_path / "l", input=None)
    commands["other part"] = damaged(left.folder, tmp_path / "o", model=3)
    (folders["no object"] / "model.json").write_text("[]")
    (folders["not json"] / "model.json").write_text("{")
    (folders["no file"] / "model.json").unlink()
    weights = (left.folder / "model.safetensors").read_bytes()
    (folders["cut weights"] / "model.safetensors").write_bytes(weights[:-4])
    (folders["empty weights"] / "model.safetensors").write_bytes(b"")
    commands["folder as weights"] += ["--weights", "."]
    (folders["golden"] / "golden.json").write_text('{"outputs": {"model.safetensors": [1]}}')
    commands["golden"] = [str(folders["golden"]), "--check"]
    commands["folder as input"][1] = str(tmp_path)

    answers = answers_of(commands)

    for name, words in says.items():
        code, said, complained = answers[name]
        assert (name, code, said, complained.count("\n")) == (name, 2, "", 1), complained
        assert words in complained


def test_a_reader_that_leaves_early_is_told_in_one_line(left: Left, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(table())
    read_fd, write_fd = os.pipe()
    os.close(read_fd)

    done = subprocess.run(
        [sys.executable, str(left.folder / "predict.py"), str(tmp_path / "in.csv")],
        stdout=write_fd,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )

    os.close(write_fd)
    assert done.returncode == 2
    assert done.stderr == "predict.py: error: the answer cannot be written: Broken pipe\n"


def test_the_program_knows_the_format_that_is_written() -> None:
    assert NEWEST_FORMAT == FORMAT


def test_without_its_weights_the_program_ends_with_2(left: Left, tmp_path: Path) -> None:
    """In a process of its own, as people start it."""
    folder = tmp_path / "run"
    shutil.copytree(left.folder, folder)
    for file in folder.glob("*.safetensors"):
        file.unlink()

    done = subprocess.run(
        [sys.executable, "predict.py", "--check"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "there is no file of weights" in done.stderr


def test_numbers_order_rows_and_go_on(tmp_path: Path) -> None:
    content = "t,y\n" + "".join(f"{5 * row},{row % 4}\n" for row in range(40))
    case: Case = ({"kind": "gru"}, forecast(window=4, horizon=2, time_column="t"), content)
    left = leave(tmp_path / "run", case)
    (tmp_path / "in.csv").write_text(content)
    (tmp_path / "bad.csv").write_text("t,y\n1,1\nsoon,2\n")

    found = answers_of(
        {name: [str(left.folder), str(tmp_path / f"{name}.csv")] for name in ("in", "bad")}
    )

    assert json.loads(found["in"][1])["outputs"][0]["timestamps"] == [200.0, 205.0]
    assert found["bad"][0] == 2
    assert "row 3, column 't': 'soon' is not a number" in found["bad"][2]


def test_symbols_and_labelled_sequences_are_refused_with_their_place(tmp_path: Path) -> None:
    copied = leave(tmp_path / "copy", CASES["copy"])
    labelled = leave(tmp_path / "class", ({"kind": "gru"}, sequences(), make_csv()))
    (tmp_path / "a.json").write_text('[["0", "no such symbol"]]')
    (tmp_path / "b.json").write_text('[[["0"]]]')
    (tmp_path / "c.csv").write_text(make_csv().splitlines()[0] + "\n")

    found = answers_of(
        {
            "unknown": [str(copied.folder), str(tmp_path / "a.json")],
            "list": [str(copied.folder), str(tmp_path / "b.json")],
            "header": [str(labelled.folder), str(tmp_path / "c.csv")],
        }
    )

    assert {code for code, _, _ in found.values()} == {2}
    assert "input 1, timestep" in found["unknown"][2]
    assert 'input 1, timestep 1: ["0"] is not one of the symbols' in found["list"][2]
    assert "no row below its header" in found["header"][2]


def test_cells_without_a_value_are_those_of_training() -> None:
    assert {*MISSING_CELLS, *MISSING_AMONG_NUMBERS} == MISSING
