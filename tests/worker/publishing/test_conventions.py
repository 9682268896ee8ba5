"""predict.py reads a file of the kind that was uploaded as training did, and refuses others."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.domain.profiles import CsvProfile
from app.domain.reader_options import ReaderOptions
from app.domain.uploads import CheckRequest
from app.reading.check_upload import check_upload
from app.reading.month_names import MONTHS as READ_MONTHS
from tests.worker.builders import make_spec, train_spec
from tests.worker.datasets.test_forecast import forecast
from tests.worker.publishing.test_predict import RUN_ID, Answers, answers_of
from worker.datasets.build import build_task
from worker.datasets.formats import file_format_of
from worker.publishing.program.dates import MONTHS
from worker.publishing.program.inputs import read_examples
from worker.publishing.program.network import Network, Unusable, load_weights
from worker.publishing.program.predict import outputs_of
from worker.publishing.publish import Trained, contents_of

DAYS = range(1, 31)
DATES = [f"2020-01-{day:02d}" for day in DAYS]


@dataclass(frozen=True)
class Kind:
    """A way of writing files, and rows that are written otherwise."""

    header: str
    #: Writes the row of a day with this value.
    row: str
    options: dict[str, Any] = field(default_factory=dict)
    before: str = ""
    encoding: str = "utf-8"
    #: First predicted time.
    following: object = "2020-01-31"
    #: A row of the last day, and what the one line says of it.
    other: str = ""
    refused: str = ""

    def write(self, *, last: str | None = None) -> bytes:
        rows = [self.row.format(**cells(day)) for day in DAYS]
        if last is not None:
            rows[-1] = last
        lines = [line for line in (self.before, self.header, *rows) if line]
        return ("\n".join(lines) + "\n").encode(self.encoding)


FRENCH = (
    *("janv", "févr", "mars", "avril", "mai", "juin"),
    *("juil", "août", "sept", "oct", "nov", "déc"),
)


def cells(day: int) -> dict[str, object]:
    value = 1000 + 10 * (day % 5) + 0.5
    return {
        "day": day,
        "iso": f"2020-01-{day:02d}",
        "plain": value,
        "comma": f"{value:.2f}".replace(".", ","),
        "german": f"1.{value - 1000:06.2f}".replace(".", ",").replace(",", ".", 1),
        "english": f"1,{value - 1000:06.2f}",
        "month": f"{1 + (day - 1) % 12:02d}/{2020 + (day - 1) // 12}",
        "digits": f"{2020 + (day - 1) // 12}{1 + (day - 1) % 12:02d}",
        "french": f"{FRENCH[(day - 1) % 12]} {2020 + (day - 1) // 12}",
        "quarter": f"{2020 + (day - 1) // 4}-Q{1 + (day - 1) % 4}",
        "noon": f"2020-01-{1 + (day - 1) // 2:02d},{12 * ((day - 1) % 2)}:00",
        "epoch": 1_577_836_800 + 86_400 * (day - 1),
    }


KINDS: Mapping[str, Kind] = {
    "decimal comma": Kind(
        "day;y",
        "{iso};{comma}",
        other="2020-01-30;1000.50",
        refused="row 31, column 'y': '1000.50' is not a finite number with the decimal sign ,",
    ),
    "grouped digits": Kind(
        "day;y",
        "{iso};{german}",
        other="2020-01-30;1,000.50",
        refused="row 31, column 'y': '1,000.50' is not a finite number with the decimal sign ,, "
        "digits grouped by ., as in training (options decimal, thousands)",
    ),
    "english": Kind(
        "day;y",
        "{iso};{english}",
        other="2020-01-30;1.000,50",
        refused="row 31, column 'y': '1.000,50' is not a finite number",
    ),
    "percent": Kind(
        "day,y",
        "{iso},{plain} %",
        other="2020-01-30,1000.5",
        refused="row 31, column 'y': '1000.5' lacks the % that",
    ),
    "day first": Kind(
        "day,y",
        "{day}/1/2020,{plain}",
        other="1/30/2020,1000.5",
        refused="row 31, column 'day': '1/30/2020' is not a date with the day before the month",
    ),
    "month first": Kind(
        "day,y",
        "1/{day}/20,{plain}",
        other="30/1/20,1000.5",
        refused="row 31, column 'day': '30/1/20' is not a date with the month before the day",
    ),
    "month's name": Kind(
        "day,y",
        "{day}-Jan-20,{plain}",
        other="30/1/2020,1000.5",
        refused="row 31, column 'day': '30/1/2020' is not a date with the name of its month",
    ),
    "year first with a clock": Kind(
        "day,y",
        "2020/1/{day} 0:00,{plain}",
        following="2020-01-31T00:00:00",
        other="30.1.2020 0:00,1000.5",
        refused="row 31, column 'day': '30.1.2020 0:00' is not a date with the year first",
    ),
    "seconds": Kind(
        "timestamp,y",
        "{epoch},{plain}",
        following=1_580_428_800,
        other="2020-01-30,1000.5",
        refused="row 31, column 'timestamp': '2020-01-30' is not a number of seconds since 1970",
    ),
    "milliseconds": Kind(
        "timestamp,y",
        "{epoch}000,{plain}",
        following=1_580_428_800_000,
        other="2020-01-30,1000.5",
        refused="'2020-01-30' is not a number of milliseconds since 1970",
    ),
    "eight digits": Kind(
        "day,y",
        "202001{day:02d},{plain}",
        other="2020-01-30,1000.5",
        refused="row 31, column 'day': '2020-01-30' is not a day like 20240131",
    ),
    "months": Kind(
        "month,y",
        "{month},{plain}",
        following="2022-07-01",
        other="2022-06,1000.5",
        refused="row 31, column 'month': '2022-06' is not a month with its year, as in training",
    ),
    "French months": Kind(
        "mois,y",
        "1 {french},{plain}",
        following="2022-07-01",
        other="1.6.2022,1000.5",
        refused="row 31, column 'mois': '1.6.2022' is not a date with the name of its month",
    ),
    "weeks": Kind(
        "week,y",
        "2020-W{day:02d},{plain}",
        following="2020-07-27",
        other="2020-07,1000.5",
        refused="row 31, column 'week': '2020-07' is not a week like 2024-W05, as in training",
    ),
    "quarters": Kind(
        "quarter,y",
        "{quarter},{plain}",
        following="2027-07-01",
        other="2020-07,1000.5",
        refused="row 31, column 'quarter': '2020-07' is not a quarter like 2024-Q1, as in training",
    ),
    "compact": Kind(
        "at,y",
        "202001{day:02d}T1200,{plain}",
        following="2020-01-31T12:00:00",
        other="2020-01-30,1000.5",
        refused="row 31, column 'at': '2020-01-30' is not a time like 20240131T1305",
    ),
    "months in digits": Kind(
        "month,y",
        "{digits},{plain}",
        following="2022-07-01",
        other="2022-06,1000.5",
        refused="row 31, column 'month': '2022-06' is not a month like 202401, as in training",
    ),
    "day and clock": Kind(
        "day,hour,y",
        "{noon},{plain}",
        following="2020-01-16T00:00:00",
        other="2020-01-15,noon,1000.5",
        refused="row 31, column 'hour': 'noon' is not a time of day, as in training",
    ),
    "pattern": Kind(
        "day,y",
        "2020~{day:02d}~01,{plain}",
        options={"date_format": "%Y~%d~%m"},
        other="2020-01-30,1000.5",
        refused="row 31, column 'day': '2020-01-30' is not a date like %Y~%d~%m, as in training",
    ),
    "time zone": Kind(
        "day,y",
        "{iso} 12:00,{plain}",
        options={"time_zone": "Europe/Berlin"},
        following="2020-01-31T12:00:00+01:00",
        other="2020-01-30 25:00,1000.5",
        refused="row 31, column 'day': '2020-01-30 25:00' is not a date like",
    ),
    "marks": Kind(
        "day,y",
        "{iso},{plain}",
        options={"na": ("gone",)},
        other="2020-01-30,?",
        refused="row 31, column 'y': '?' is not a finite number, nor a mark of the option na",
    ),
    "sentinel": Kind(
        "day,y",
        "{iso},{plain}",
        options={"sentinels": (-999,)},
        other="2020-01-30,-999.0",
        refused="row 31, column 'y': a value is missing: '-999.0'",
    ),
    "tabs and comments": Kind(
        "day\ty",
        "{iso}\t{plain}",
        before="# from the mill\n# in kWh",
        other="2020-01-30\tx",
        refused="row 33, column 'y': 'x' is not a finite number",
    ),
    "no header": Kind(
        "",
        "{iso},{plain}",
        other="2020-01-30,x",
        refused="row 30, column 'column_2': 'x' is not a finite number",
    ),
    "utf-16": Kind(
        "day,y",
        "{iso},{plain}",
        encoding="utf-16",
        other="2020-01-30,x",
        refused="row 31, column 'y': 'x' is not a finite number",
    ),
    "quotes": Kind(
        "'day','y'",
        "'{iso}','{plain}'",
        options={"quote": "'"},
        other="'2020-01-30','x'",
        refused="row 31, column 'y': 'x' is not a finite number",
    ),
}


def leave(folder: Path, kind: Kind) -> None:
    """Trains on a file as the API reads it, and leaves what the run publishes."""
    asked = CheckRequest(kind="csv", options=ReaderOptions(**kind.options))
    checked, stored = check_upload(asked, kind.write())
    time, *_, target = re.findall(r"\w+", kind.header) or ["column_1", "column_2"]
    spec = make_spec(
        {
            "model": {"kind": "gru", "hidden_size": 3},
            "dataset": forecast(target=target, window=4, horizon=2, time_column=time),
            "training": {"num_steps": 2},
        }
    )
    task = build_task(spec.dataset, upload=stored)
    layout, profile = task.usage.csv, checked.profile
    assert layout is not None
    assert isinstance(profile, CsvProfile)
    file = file_format_of(profile.reader)
    usage = replace(task.usage, csv=replace(layout, file=file))
    outcome = train_spec(spec, upload=stored).outcome
    trained = Trained(spec=spec, task=replace(task, usage=usage), outcome=outcome)
    folder.mkdir()
    for name, each in contents_of(trained, run_id=RUN_ID).items():
        (folder / name).write_bytes(each.content)
    plain: dict[str, object] = {
        "rows": [
            {time: f"2020-01-{day:02d}T12:00", "hour": "0:00", target: cells(day)["plain"]}
            for day in DAYS
        ]
    }
    (folder / "plain.json").write_text(json.dumps(plain))
    (folder / "same.csv").write_bytes(kind.write())
    (folder / "other.csv").write_bytes(kind.write(last=kind.other))
    swapped = kind.write().decode(kind.encoding).replace(",", "|").replace("\t", ",")
    (folder / "delimiter.csv").write_text(swapped)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("kinds")
    for name, kind in KINDS.items():
        leave(made / name, kind)
    return made


@pytest.fixture(scope="module")
def answers(root: Path) -> Answers:
    commands: dict[str, list[str]] = {}
    for name in KINDS:
        folder = root / name
        for file in ("same.csv", "other.csv", "plain.json", "delimiter.csv"):
            commands[f"{name} {file}"] = [str(folder), str(folder / file)]
    return answers_of(commands)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_of_the_same_kind_is_read_as_in_training(answers: Answers, name: str) -> None:
    code, said, complained = answers[f"{name} same.csv"]

    assert (code, complained) == (0, "")
    [output] = json.loads(said)["outputs"]
    assert output["timestamps"][0] == KINDS[name].following


@pytest.mark.parametrize("name", [name for name in KINDS if name != "time zone"])
def test_rows_in_json_give_the_same_numbers(answers: Answers, name: str) -> None:
    code, said, complained = answers[f"{name} plain.json"]

    assert (code, complained) == (0, "")
    [of_json] = json.loads(said)["outputs"]
    [of_file] = json.loads(answers[f"{name} same.csv"][1])["outputs"]
    assert of_json["rows"] == of_file["rows"]


@pytest.mark.parametrize("name", KINDS)
def test_a_cell_of_another_kind_is_refused_with_its_place(answers: Answers, name: str) -> None:
    code, said, complained = answers[f"{name} other.csv"]

    assert (code, said, complained.count("\n")) == (2, "", 1)
    assert KINDS[name].refused in complained


def test_another_delimiter_is_refused_with_the_option(answers: Answers) -> None:
    code, _, complained = answers["day first delimiter.csv"]

    assert code == 2
    assert "row 1: its cells are separated by '|', and in training they were by ','" in complained
    assert "(option delimiter)" in complained


PIECES = (
    *(b",", b";", b"\n", b'"', b"'", b"\x00", b"\xff", b"-", b"1e999", b"nan", b"?", b"\t", b"%"),
    *(b"2020-02-30", b"9999-12-31", b"0000-00-00", b"24:00", b"+99:99", b"W99", b"Q9", b"1_0"),
    *(text.encode() for text in ("\u2028", "\u0663", "\u00b2", "\uff11", "\u2212")),
)


@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_read_or_refused_in_one_line(name: str, root: Path) -> None:
    folder = root / name
    rng = Random(name)  # noqa: S311 - the same damage in each run
    description = json.loads((folder / "model.json").read_text())
    weights = load_weights(folder / "model.safetensors", description)
    network = Network(description, weights)
    file, refusals = folder / "damaged.csv", []
    for _ in range(40):
        content = bytearray(KINDS[name].write())
        for _ in range(rng.choice([1, 1, 2, 5])):
            place = rng.randrange(len(content))
            content[place : place + rng.choice([0, 1, 4])] = rng.choice(PIECES)
        file.write_bytes(content)
        try:
            found = outputs_of(network, description, read_examples(file, description))
        except Unusable as error:
            refusals.append(str(error))
        else:
            json.dumps(found, allow_nan=False)
    assert refusals
    assert all(refusal.isprintable() for refusal in refusals)


def test_months_have_the_names_that_uploads_may_use() -> None:
    assert MONTHS == READ_MONTHS
