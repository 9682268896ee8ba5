"""The published program says what the trained network says, with torch and safetensors alone."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import torch
from pydantic import JsonValue
from safetensors.torch import load_file

from app.domain.specs.job import JobSpec
from tests.worker.builders import make_spec, train_spec
from tests.worker.datasets.test_forecast import forecast
from tests.worker.datasets.test_sequences import make_csv, sequences
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.publishing.program.network import Unusable, compiled
from worker.publishing.publish import Trained, contents_of

BARE = Path(__file__).with_name("bare.py")
RUN_ID = UUID(int=1)
#: torch warns where NumPy is not installed.
WITHOUT_NUMPY = ("-W", "ignore:Failed to initialize NumPy")
#: Exit code, output and errors of each command.
Answers = Mapping[str, tuple[object, str, str]]
#: Kinds whose data is a file.
UPLOADED = ("forecast", "class", "steps", "text")
TEXT = "the quick brown fox jumps over the lazy dog. " * 20
#: Two series in different units, rows out of order, a gap that is filled from above.
TABLE = "series,day,y,x\n" + "".join(
    f"{name},2020-01-{day:02d},{scale * (100 + day % 5)},{'' if day == 17 else day % 3}\n"
    for day in range(31, 0, -1)
    for name, scale in (("b", 1000), ("a", 1))
)
SERIES = forecast(
    window=4,
    horizon=2,
    features=["x"],
    series_column="series",
    time_column="day",
    missing="forward_fill",
)
DIFFERENCED = SERIES | {
    "transform": ["log1p", "difference", {"kind": "difference", "lag": 3}],
    "horizon": 5,
    "split": {"train": 0.5, "validation": 0.25, "test": 0.25},
}
#: The rows of series a with their times, and the days that follow.
WITH_TIMES = {
    "inputs": [
        {
            "series": "a",
            "timesteps": [[100 + day % 5, (16 if day == 17 else day) % 3] for day in range(1, 32)],
            "times": [
                *(f"2020-01-{day:02d}" for day in range(1, 32)),
                *(f"2020-02-0{day}T00:00:00" for day in range(1, 6)),
            ],
        }
    ]
}
Case = tuple[dict[str, JsonValue], dict[str, JsonValue], str | None]
CASES: Mapping[str, Case] = {
    "adding": ({"kind": "lstm", "num_layers": 2}, {"kind": "adding", "length": 12}, None),
    "copy": ({"kind": "gru", "bidirectional": True}, {"kind": "copy_memory", "length": 3}, None),
    "order": (
        {"kind": "elman", "activation": "linear", "num_layers": 2, "bidirectional": True},
        {"kind": "temporal_order", "length": 12},
        None,
    ),
    "digits": ({"kind": "elman", "activation": "relu"}, {"kind": "digits"}, None),
    "forecast": ({"kind": "gru", "num_layers": 2}, SERIES, TABLE),
    "differenced": ({"kind": "gru"}, DIFFERENCED, TABLE),
    "windows": (
        {"kind": "gru"},
        DIFFERENCED | {"scaling": "per_window", "calendar": ["day_of_week", "day_of_month"]},
        TABLE,
    ),
    "rates": (
        {"kind": "lstm"},
        SERIES | {"scaling": "per_window", "loss": "poisson", "calendar": ["day_of_year"]},
        TABLE,
    ),
    "together": (
        {"kind": "gru"},
        SERIES
        | {"scaling": "global", "series_column": None, "time_column": None, "missing": "drop"},
        TABLE,
    ),
    "quantiles": (
        {"kind": "elman"},
        SERIES | {"loss": "quantile", "transform": [{"kind": "difference", "lag": 2}]},
        TABLE,
    ),
    "text": (
        {"kind": "lstm"},
        {"kind": "text", "dataset_id": str(RUN_ID), "length": 16},
        TEXT,
    ),
    "class": (
        {"kind": "lstm", "bidirectional": True, "num_layers": 2},
        sequences(max_length=5),
        make_csv(),
    ),
    "steps": (
        {"kind": "elman", "bidirectional": True},
        sequences(target="per_step", task="regression", label="amount"),
        make_csv(is_per_step=True),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a run has left in a folder, and what it was trained on."""

    folder: Path
    spec: JobSpec
    task: Task
    trained: Trained

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())


def leave(folder: Path, case: Case) -> Left:
    model, dataset, upload = case
    training: dict[str, JsonValue] = {"num_steps": 3, "evaluate_every": 1}
    spec = make_spec(
        {"model": {"hidden_size": 5, **model}, "dataset": dataset, "training": training}
    )
    content = None if upload is None else upload.encode()
    outcome = train_spec(spec, upload=content).outcome
    task = build_task(spec.dataset, upload=content)
    trained = Trained(spec=spec, task=task, outcome=outcome)
    folder.mkdir()
    for name, file in contents_of(trained, run_id=RUN_ID).items():
        (folder / name).write_bytes(file.content)
    return Left(folder=folder, spec=spec, task=task, trained=trained)


def without_module(folder: Path, copy: Path) -> Path:
    """The same files, but for a cell that torch does not have."""
    shutil.copytree(folder, copy)
    described = json.loads((copy / "model.json").read_text())
    described["cell"] |= {"module": None, "arguments": {}}
    (copy / "model.json").write_text(json.dumps(described))
    return copy


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Left]:
    root = tmp_path_factory.mktemp("left")
    return {name: leave(root / name, case) for name, case in CASES.items()}


@pytest.fixture(scope="module")
def answers(left: Mapping[str, Left], tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Of all commands by their names."""
    spoilt = leave(tmp_path_factory.mktemp("spoilt") / "run", CASES["adding"])
    golden = spoilt.read("golden.json")
    golden["outputs"]["model.safetensors"][0]["rows"][0][0] += 1e-6
    (spoilt.folder / "golden.json").write_text(json.dumps(golden))
    commands = {f"{name} --check": [str(one.folder), "--check"] for name, one in left.items()}
    commands["spoilt --check"] = [str(spoilt.folder), "--check"]
    for name, one in left.items():
        folder = without_module(one.folder, spoilt.folder.with_name(name))
        commands[f"{name} by equations --check"] = [str(folder), "--check"]
    for name in UPLOADED:
        file = left[name].folder / ("data.txt" if name == "text" else "data.csv")
        file.write_text(CASES[name][2] or "")
        commands[name] = [str(left[name].folder), str(file)]
    commands["sample"] = [*commands["text"], "--sample", "12", "--seed", "3"]
    commands["short"] = [str(left["forecast"].folder), str(left["forecast"].folder / "short.csv")]
    Path(commands["short"][1]).write_text("series,day,y,x\na,2020-01-01,1,1\n")
    windows = left["windows"].folder
    (windows / "data.csv").write_text(TABLE)
    (windows / "gap.csv").write_text(TABLE.replace("a,2020-01-30,100,0\n", ""))
    (windows / "data.json").write_text(json.dumps(WITH_TIMES))
    coming = [f"{name},2020-03-{day:02d},,\n" for name in "ab" for day in (2, 3, 4, 5, 9)]
    (windows / "coming.csv").write_text((windows / "gap.csv").read_text() + "".join(coming))
    for given in ("data.csv", "gap.csv", "coming.csv", "data.json"):
        commands[f"windows {given}"] = [str(windows), str(windows / given)]
    negative = left["differenced"].folder / "negative.csv"
    commands["no logarithm"] = [str(negative.parent), str(negative)]
    negative.write_text(TABLE.replace("a,2020-01-30,100,", "a,2020-01-30,-1,"))
    return answers_of(commands)


def answers_of(commands: Mapping[str, list[str]]) -> Answers:
    """Of the published programs; one process for them all imports torch once."""
    arguments = [sys.executable, "-I", *WITHOUT_NUMPY, str(BARE)]
    arguments += map(json.dumps, commands.values())
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(commands, json.loads(done.stdout), strict=True))


def test_the_program_makes_the_golden_outputs_and_knows_when_not(answers: Answers) -> None:
    codes = {name: answers[f"{name} --check"][0] for name in (*CASES, "spoilt")}

    assert codes == {**dict.fromkeys(CASES, 0), "spoilt": 1}


def test_the_equations_of_a_cell_make_the_golden_outputs_too(answers: Answers) -> None:
    codes = {name: answers[f"{name} by equations --check"][0] for name in CASES}

    assert codes == dict.fromkeys(CASES, 0)


def test_a_target_without_a_logarithm_is_refused_with_its_row(answers: Answers) -> None:
    code, _, complaint = answers["no logarithm"]

    assert code == 2
    assert "column 'y': log1p is for values above -1, and it is -1" in complaint
    assert "error: row 5, " in complaint


def test_a_table_has_the_calendar_of_the_days_that_follow(answers: Answers) -> None:
    table, document = (json.loads(answers[f"windows data.{kind}"][1]) for kind in ("csv", "json"))

    (of_table,) = (each for each in table["outputs"] if each["series"] == "a")
    assert of_table["timestamps"] == [f"2020-02-0{day}" for day in range(1, 6)]
    assert of_table["rows"] == document["outputs"][0]["rows"]


def test_rows_without_values_tell_the_days_that_follow(answers: Answers) -> None:
    found = json.loads(answers["windows coming.csv"][1])["outputs"]

    days = [f"2020-03-{day:02d}" for day in (2, 3, 4, 5, 9)]
    assert [each["timestamps"] for each in found] == [days, days]


def test_a_calendar_of_days_that_are_not_known_is_refused(answers: Answers) -> None:
    code, _, complaint = answers["windows gap.csv"]

    assert code == 2
    assert "the times of the 5 timesteps after the last row are not known" in complaint


@pytest.mark.parametrize(
    "expression", ["h.__class__", "[h][0]", "(lambda: h)()", "tanh(x=h)", "h if h else h"]
)
def test_an_equation_is_arithmetic_alone(expression: str) -> None:
    with pytest.raises(Unusable, match="equation"):
        compiled(f"h = {expression}")


def test_what_was_uploaded_can_be_fed_as_it_is(left: Mapping[str, Left], answers: Answers) -> None:
    """And gives what the network made of it in training: scaled, cut and encoded alike."""
    found = {name: json.loads(answers[name][1]) for name in UPLOADED}

    check_forecast(left["forecast"], found["forecast"])
    check_sequences(left["class"], found["class"], probabilities=True)
    check_sequences(left["steps"], found["steps"], probabilities=False)
    [text] = found["text"]["outputs"]
    assert len(text["rows"]) == 16
    assert np.allclose(np.sum(text["rows"], axis=1), 1)


def test_a_text_goes_on_character_by_character(answers: Answers) -> None:
    code, said, _ = answers["sample"]

    assert code == 0
    assert len(said.removesuffix("\n")) == 12
    assert set(said.removesuffix("\n")) <= set(TEXT)


def test_a_window_that_is_not_whole_is_refused(answers: Answers) -> None:
    assert answers["short"][0] == 2


def check_forecast(left: Left, found: dict[str, Any]) -> None:
    """The last window of each series; its target is what the file does not have yet."""
    values = {"a": 1.0, "b": 1000.0}
    assert found["names"] == ["y +1", "y +2"]
    assert {tuple(one["timestamps"]) for one in found["outputs"]} == {("2020-02-01", "2020-02-02")}
    assert {one["series"] for one in found["outputs"]} == set(values)
    days = np.arange(1, 32)
    gap = days == 17
    for one in found["outputs"]:
        rows_NF = np.stack([values[one["series"]] * (100 + days % 5), days % 3], axis=1)
        rows_NF[gap, 1] = 16 % 3
        train_NF = rows_NF[: round(0.7 * len(days))]
        mean_F, std_F = train_NF.mean(axis=0), train_NF.std(axis=0)
        window_TF = ((rows_NF[-4:] - mean_F) / std_F).astype(np.float32)
        with torch.no_grad():
            scaled_H = left.trained.outcome.model(torch.from_numpy(window_TF)[:, None])[0].numpy()
        np.testing.assert_allclose(one["rows"][0], scaled_H * std_F[0] + mean_F[0], rtol=1e-5)


def check_sequences(left: Left, found: dict[str, Any], *, probabilities: bool) -> None:
    """Each sequence of the file, in its order; the training batch has them in the split's."""
    batch, model = left.task.evaluation["train"], left.trained.outcome.model
    with torch.no_grad():
        outputs = model(batch.inputs_TBI, batch.lengths_B)
    assert batch.lengths_B is not None
    if probabilities:
        wanted = [row[None] for row in torch.softmax(outputs, dim=-1).numpy()]
    else:
        usage = left.task.usage.output
        assert usage.kind == "numbers"
        [scaling] = usage.scalings
        wanted = [
            (outputs[:length, place] * scaling.std[0] + scaling.mean[0]).numpy()
            for place, length in enumerate(batch.lengths_B.tolist())
        ]
    made = [np.array(one["rows"]) for one in found["outputs"]]
    for rows in wanted:
        near = [each for each in made if each.shape == rows.shape]
        assert any(np.allclose(each, rows, rtol=1e-4, atol=1e-5) for each in near)


@pytest.mark.parametrize(
    ("name", "module"), [("adding", torch.nn.LSTM), ("forecast", torch.nn.GRU)]
)
def test_the_weights_load_into_torch_s_own_modules(
    left: Mapping[str, Left], name: str, module: type[torch.nn.RNNBase]
) -> None:
    facts = left[name].task.facts
    tensors = load_file(left[name].folder / "model.safetensors")
    mine = module(facts.input_size, 5, 2)  # type: ignore[arg-type] # the base has another signature
    readout = torch.nn.Linear(5, facts.output_size)

    mine.load_state_dict({n[4:]: w for n, w in tensors.items() if n.startswith("rnn.")})
    readout.load_state_dict({n[8:]: w for n, w in tensors.items() if n.startswith("readout.")})

    batch = left[name].task.evaluation["validation"]
    with torch.no_grad():
        outputs = readout(mine(batch.inputs_TBI)[0][-1])
        wanted = left[name].trained.outcome.model(batch.inputs_TBI)
    torch.testing.assert_close(outputs, wanted)


def test_the_description_names_gates_features_and_scales(left: Mapping[str, Left]) -> None:
    described = left["forecast"].read("model.json")

    assert described["gate_order"] == ["reset", "update", "new"]
    assert described["cell"]["blocks"] == ["reset", "update", "new"]
    assert described["cell"]["module"] == "GRU"
    assert described["input"]["columns"] == ["y", "x"]
    assert {each["series"] for each in described["input"]["scalings"]} == {"a", "b"}
    assert described["input"]["min_timesteps"] == 4
    assert described["tensors"]["rnn.weight_ih_l0"]["shape"] == [15, 2]
    best = left["forecast"].trained.outcome.best
    assert best is not None
    assert described["weights"]["best.safetensors"]["step"] == best.score.step
    assert described["spec"] == left["forecast"].spec.model_dump(mode="json")


def test_golden_inputs_are_those_of_the_upload(left: Mapping[str, Left]) -> None:
    golden = left["forecast"].read("golden.json")

    rows = [line.split(",") for line in TABLE.splitlines()[1:]]
    known = {(series, float(y)) for series, _, y, _ in rows}
    for example in golden["inputs"]:
        assert {(example["series"], y) for y, _ in example["timesteps"]} <= known
