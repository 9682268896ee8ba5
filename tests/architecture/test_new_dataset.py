"""What a new data set costs: a file in the domain, one in the worker, four lines."""

from dataclasses import dataclass

import pytest
from pydantic import TypeAdapter

from tests.architecture.temporary_tree import Changes, Insertion, tree_with

SPEC = '''"""Parity of the first timesteps' bits, which each bit decides."""

from typing import Literal

from pydantic import Field

from app.domain.specs.base import Integer
from app.domain.specs.dataset.base import MAX_LENGTH, MadeDataset
from app.domain.task import Baseline, LagSource, MetricMode, TaskFacts, spread_lag


class ParitySpec(MadeDataset):
    """Tell at the end whether the number of ones among the first two bits is odd."""

    kind: Literal["parity"]
    length: Integer = Field(default=20, ge=2, le=MAX_LENGTH)

    def facts(self) -> TaskFacts:
        lag = spread_lag(
            shortest=self.length - 2,
            longest=self.length - 1,
            source=LagSource.TASK,
            method="lags of the first two bits",
        )
        half = Baseline.constant(
            name="guess", metric="accuracy", value=0.5, source="a fair coin"
        )
        return TaskFacts(
            metric="accuracy",
            mode=MetricMode.MAXIMISE,
            baselines=(half,),
            attainable=1.0,
            required_lag=self.declared_lag() or lag,
            length=self.length,
            input_size=2,
            output_size=2,
            many_to_one=True,
        )
'''
TASK = '''"""Bits, one a timestep, and the parity of the first two.

Shapes: T timesteps, B sequences.
"""

import numpy as np
import torch
from torch.nn import functional

from app.domain.specs.dataset.parity import ParitySpec
from worker.datasets.maker import TaskOfSpec
from worker.datasets.objectives import CrossEntropy
from worker.datasets.sampling import MadeData
from worker.datasets.task import Batch, Task
from worker.datasets.usage import ClassOutput, SymbolInput, Usage

USAGE = Usage(
    input=SymbolInput(symbols=("0", "1")),
    output=ClassOutput(classes=("even", "odd")),
    meaning="the parity of the first two bits",
)


def build_parity(spec: ParitySpec) -> Task:
    def make(rng: np.random.Generator, batch_size: int) -> Batch:
        bits_TB = torch.from_numpy(rng.integers(0, 2, (spec.length, batch_size)))
        return Batch(
            inputs_TBI=functional.one_hot(bits_TB, 2).float(),
            targets=bits_TB[:2].sum(dim=0) % 2,
        )

    data, facts = MadeData(make=make, seed=spec.seed), spec.facts()
    return Task(
        facts=facts,
        objective=CrossEntropy(),
        data=data,
        evaluation=data.evaluation(facts),
        usage=USAGE,
    )


PARITY = TaskOfSpec(spec=ParitySpec, make=build_parity)
'''
INSERTIONS = [
    Insertion(
        "app/domain/specs/dataset/__init__.py",
        after="from app.domain.specs.dataset.forecast import ForecastSpec",
        lines=("from app.domain.specs.dataset.parity import ParitySpec",),
    ),
    Insertion("app/domain/specs/dataset/__init__.py", after="| TextSpec", lines=("| ParitySpec",)),
    Insertion(
        "worker/datasets/build.py",
        after="from worker.datasets.maker import TaskMaker",
        lines=("from worker.datasets.parity import PARITY",),
    ),
    Insertion("worker/datasets/build.py", after="TEXT,", lines=("PARITY,",)),
]
PROGRAM = """
import json, subprocess, sys, tempfile
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError
from app.api.models.run_query import RunQuery
from app.domain.telemetry import LagProfile
from app.main import create_app
from app.services.read_catalog import read_catalog
from app.services.runs.estimate_run import estimate_run
from app.settings import Settings
from tests.worker.builders import make_spec, train_spec
from worker.datasets.build import build_task
from worker.publishing.publish import Trained, contents_of

DATASET = {"kind": "parity", "length": 6}
spec = make_spec({
    "dataset": DATASET,
    "training": {"precision": "float64"},
    "probes": {"tier": "standard", "every": 6},
})
checked = estimate_run(None, workspace_id=None, spec=spec)
run = train_spec(spec)
task = build_task(spec.dataset, upload=None)
published = Trained(spec=spec, task=task, outcome=run.outcome)


def refused(**parts):
    try:
        make_spec({"dataset": {**DATASET, **parts}})
    except ValidationError as error:
        return error.errors()[0]["type"]


def predicted(folder):
    for name, file in contents_of(published, run_id=UUID(int=1)).items():
        (folder / name).write_bytes(file.content)
    command = [sys.executable, "-I", "-W", "error", str(folder / "predict.py"), "--check"]
    return subprocess.run(command, check=False).returncode


urls = {"CLINIC_DATABASE_URL": "postgresql://", "CLINIC_BROKER_URL": "redis://"}
document = create_app(Settings.read({**urls, "CLINIC_SECRET": "s" * 32})).openapi()
with tempfile.TemporaryDirectory() as folder:
    exit_code = predicted(Path(folder))
profile = next(one for one in run.of_kind(LagProfile) if str(one.scope) == "model")
print(json.dumps({
    "catalogue": {kind.kind: kind.summary for kind in read_catalog().kinds["dataset"]},
    "schemas": list(document["components"]["schemas"]),
    "filter": RunQuery(dataset="parity").dataset,
    "shape": asdict(checked.shape),
    "estimate": asdict(checked.estimate),
    "parameters": sum(weight.numel() for weight in run.weights()),
    "refused": refused(dependency_lag=6),
    "stop_reason": run.outcome.stop_reason,
    "required_lag": profile.ratio_at_required_lag.lag,
    "num_lags": len(profile.log_norm_T),
    "checksum": max(run.readings("checksum_error").values()),
    "evaluated": sorted({scope for _, scope in run.readings("accuracy")}),
    "predict": exit_code,
}))
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What programs of the copy say of the new data set."""

    catalogue: dict[str, str]
    schemas: list[str]
    filter: str
    shape: dict[str, int]
    estimate: dict[str, float]
    #: Of the network that was trained.
    parameters: int
    #: Code of what is wrong with a lag that is too long.
    refused: str
    stop_reason: str
    required_lag: int
    num_lags: int
    checksum: float
    evaluated: list[str]
    #: Exit code of `predict.py --check`.
    predict: int


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    tree = tree_with(
        tmp_path_factory.mktemp("dataset") / "tree",
        new_files={
            "app/domain/specs/dataset/parity.py": SPEC,
            "worker/datasets/parity.py": TASK,
        },
        insertions=INSERTIONS,
    )
    assert tree.changes == Changes(new_files=2, inserted_lines=4)
    found: Answer = TypeAdapter(Answer).validate_json(tree.run(PROGRAM).splitlines()[-1])
    return found


def test_a_new_data_set_is_in_the_catalogue_in_openapi_and_in_filters(answer: Answer) -> None:
    assert f'"""{answer.catalogue["parity"]}"""' in SPEC
    assert "ParitySpec" in answer.schemas
    assert answer.filter == "parity"


def test_its_size_and_length_are_known_before_it_is_made(answer: Answer) -> None:
    # one matrix of 8 x 2, one of 8 x 8, two biases; a read-out of 8 x 2 and its bias
    expected = 8 * (2 + 8 + 2) + 2 * (8 + 1)

    assert answer.shape == {"length": 6, "input_size": 2, "output_size": 2, "many_to_one": True}
    assert answer.estimate["parameters"] == answer.parameters == expected
    assert answer.refused == "lag_longer_than_sequence"


def test_it_trains_and_is_judged_at_its_lag(answer: Answer) -> None:
    assert answer.stop_reason == "completed"
    assert answer.evaluated == ["test", "train", "validation"]
    assert (answer.required_lag, answer.num_lags) == (5, 6)
    assert answer.checksum < 1e-12


def test_the_published_program_knows_its_symbols_and_classes(answer: Answer) -> None:
    assert answer.predict == 0
