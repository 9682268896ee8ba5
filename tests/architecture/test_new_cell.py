"""What a new cell costs: a file in the domain, one in the worker, four lines; it is everywhere."""

from dataclasses import dataclass

import pytest
from pydantic import TypeAdapter

from tests.architecture.temporary_tree import Changes, Insertion, tree_with

SPEC = '''"""A cell with one gate, which torch does not have (Collins et al. 2017)."""

from typing import ClassVar, Literal

from app.domain.specs.model.cell import CellCard, Gate, Recipe, RecurrentSpec


class UpdateGateSpec(RecurrentSpec):
    """Update gate network: h_t = g h_(t-1) + (1 - g) tanh(W_ih x_t + W_hh h_(t-1))."""

    card: ClassVar = CellCard(
        gates=(Gate(name="keep", keeps_state=True), Gate(name="new", activation="tanh")),
        values_kept=3,
        overhead_s=1e-4,
    )

    kind: Literal["update_gate"]

    @property
    def recipe(self) -> Recipe:
        return Recipe(
            module=None,
            equations=(
                "keep = sigmoid(x_keep + h_keep)",
                "new = tanh(x_new + h_new)",
                "h = keep * h + (1 - keep) * new",
            ),
        )
'''
LAYER = '''"""The update gate network: J = diag(g) + diag((h-n)g(1-g)) W_g + diag((1-g)(1-n^2)) W_n.

Shapes: T timesteps, P timesteps in the order in which a direction reads them, B sequences,
N anchors, I inputs, H hidden units, G = 2H, S = H.
"""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from app.domain.specs.model.update_gate import UpdateGateSpec
from worker.cells.kernels import kernel_arguments
from worker.cells.layer import CellLayers, Layer, State
from worker.cells.linearisation import VolumeFactors
from worker.cells.states import DirectionStates, RecurrentWeights


class UpdateGateLayer(Layer):
    card: ClassVar = UpdateGateSpec.card

    def __init__(self, input_size: int, hidden_size: int, *, bidirectional: bool) -> None:
        super().__init__()
        self.hidden_size, self.bidirectional = hidden_size, bidirectional
        rows, bound = 2 * hidden_size, 1 / math.sqrt(hidden_size)
        for suffix in ("", "_reverse")[: 1 + bidirectional]:
            for name, shape in (
                ("weight_ih", (rows, input_size)),
                ("weight_hh", (rows, hidden_size)),
                ("bias_ih", (rows,)),
                ("bias_hh", (rows,)),
            ):
                start = torch.empty(shape).uniform_(-bound, bound)
                self.register_parameter(f"{name}_l0{suffix}", nn.Parameter(start))

    def forward(self, x_TBI: Tensor) -> tuple[Tensor, State]:
        start = (x_TBI.new_zeros(1, x_TBI.shape[1], self.hidden_size),)
        outputs_TBH, last = self.read(x_TBI, start, suffix="")
        if not self.bidirectional:
            return outputs_TBH, last
        reverse_TBH, _ = self.read(x_TBI.flip(0), start, suffix="_reverse")
        return torch.cat([outputs_TBH, reverse_TBH.flip(0)], dim=-1), last

    def read(self, x_PBI: Tensor, state: State, *, suffix: str) -> tuple[Tensor, State]:
        (w_ih, w_hh, b_ih, b_hh), *_ = kernel_arguments(self, suffix)
        h_BH, outputs = state[0][0], []
        for drive_BG in x_PBI @ w_ih.T + b_ih:
            keep_BH, new_BH = (drive_BG + h_BH @ w_hh.T + b_hh).chunk(2, dim=-1)
            keep_BH = keep_BH.sigmoid()
            h_BH = keep_BH * h_BH + (1 - keep_BH) * new_BH.tanh()
            outputs.append(h_BH)
        return torch.stack(outputs), (h_BH[None],)

    def linearise(self, states: DirectionStates) -> "UpdateGateLinearisation":
        drive_PBG = states.weights.drive(states.x_PBI, states.previous_PBH)
        keep_PBH, new_PBH = drive_PBG.chunk(2, dim=-1)
        keep_PBH, new_PBH = keep_PBH.sigmoid(), new_PBH.tanh()
        by_keep_PBH = (states.previous_PBH - new_PBH) * keep_PBH * (1 - keep_PBH)
        by_new_PBH = (1 - keep_PBH) * (1 - new_PBH.square())
        return UpdateGateLinearisation(
            states=states,
            keep_PBH=keep_PBH,
            new_PBH=new_PBH,
            factors_PBG=torch.cat([by_keep_PBH, by_new_PBH], dim=-1),
        )


@dataclass(frozen=True, kw_only=True)
class UpdateGateLinearisation:
    states: DirectionStates
    keep_PBH: Tensor
    new_PBH: Tensor
    factors_PBG: Tensor

    @property
    def state_size(self) -> int:
        return self.weights.hidden_size

    @property
    def weights(self) -> RecurrentWeights:
        return self.states.weights

    @property
    def state_parts(self) -> tuple[Tensor, ...]:
        return (self.states.hidden_PBH,)

    def unit_slope(self) -> None:
        return None

    def first(self, count: int) -> Self:
        return replace(
            self,
            states=self.states.first(count),
            keep_PBH=self.keep_PBH[:, :count],
            new_PBH=self.new_PBH[:, :count],
            factors_PBG=self.factors_PBG[:, :count],
        )

    def gates(self) -> dict[str, Tensor]:
        return {"keep": self.keep_PBH, "new": self.new_PBH}

    def backward(self, p: int, rows: Tensor | slice, adjoint_NS: Tensor) -> tuple[Tensor, Tensor]:
        gates_NG = adjoint_NS.repeat(1, 2) * self.factors_PBG[p, rows]
        kept_NS = adjoint_NS * self.keep_PBH[p, rows]
        return gates_NG, kept_NS + gates_NG @ self.weights.recurrent_GH

    def forward(self, p: int, rows: Tensor | slice, tangent_NS: Tensor) -> Tensor:
        drive_NG = (tangent_NS @ self.weights.recurrent_GH.T) * self.factors_PBG[p, rows]
        by_keep_NS, by_new_NS = drive_NG.chunk(2, dim=-1)
        return tangent_NS * self.keep_PBH[p, rows] + by_keep_NS + by_new_NS

    def recurrent_side(self, gates_PBG: Tensor) -> Tensor:
        return gates_PBG

    def volume_factors(self) -> VolumeFactors:
        gates = {"keep": self.keep_PBH.log()}
        return VolumeFactors(recurrent=None, activation_PBH=None, gates=gates, is_complete=False)


def _make(spec: UpdateGateSpec, input_size: int) -> Layer:
    return UpdateGateLayer(input_size, spec.hidden_size, bidirectional=spec.bidirectional)


UPDATE_GATE = CellLayers(spec=UpdateGateSpec, make=_make)
'''
INSERTIONS = [
    Insertion(
        "app/domain/specs/model/__init__.py",
        after="from app.domain.specs.model.lstm import LstmSpec",
        lines=("from app.domain.specs.model.update_gate import UpdateGateSpec",),
    ),
    Insertion(
        "app/domain/specs/model/__init__.py",
        after="ModelSpec = Annotated[",
        lines=("UpdateGateSpec |",),
    ),
    Insertion(
        "worker/cells/__init__.py",
        after="from worker.cells.lstm import LSTM",
        lines=("from worker.cells.update_gate import UPDATE_GATE",),
    ),
    Insertion("worker/cells/__init__.py", after="LSTM,", lines=("UPDATE_GATE,",)),
]
PROGRAM = """
import json, subprocess, sys, tempfile
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import torch
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

MODEL = {"kind": "update_gate", "hidden_size": 6, "num_layers": 2, "bidirectional": True}
spec = make_spec({
    "model": MODEL,
    "init": {"bias": {"kind": "chrono"}},
    "training": {"precision": "float64"},
    "probes": {"tier": "full", "every": 6},
})
estimate = estimate_run(None, workspace_id=None, spec=spec).estimate
run = train_spec(spec)
published = Trained(spec=spec, task=build_task(spec.dataset, upload=None), outcome=run.outcome)


def refused(init):
    try:
        make_spec({"model": MODEL, "init": init})
    except ValidationError as error:
        return error.errors()[0]["msg"]


def predicted(folder):
    for name, file in contents_of(published, run_id=UUID(int=1)).items():
        (folder / name).write_bytes(file.content)
    command = [sys.executable, "-I", "-W", "error", str(folder / "predict.py"), "--check"]
    return subprocess.run(command, check=False).returncode


def largest(quantity):
    found = run.readings(quantity)
    return [len(found), max(map(abs, found.values()))]


urls = {"CLINIC_DATABASE_URL": "postgresql://", "CLINIC_BROKER_URL": "redis://"}
document = create_app(Settings.read({**urls, "CLINIC_SECRET": "s" * 32})).openapi()
with tempfile.TemporaryDirectory() as folder:
    exit_code = predicted(Path(folder))
print(json.dumps({
    "catalogue": {kind.kind: kind.summary for kind in read_catalog().kinds["model"]},
    "schemas": list(document["components"]["schemas"]),
    "filter": RunQuery(model=["update_gate"]).model,
    "estimate": asdict(estimate),
    "parameters": sum(weight.numel() for weight in run.weights()),
    "refused": [refused({"forget_bias": 1}), refused({"recurrent": {"kind": "critical"}})],
    "stop_reason": run.outcome.stop_reason,
    "profiles": sorted({str(one.scope) for one in run.of_kind(LagProfile)}),
    "checksum": largest("checksum_error"),
    "adjoint": largest("adjoint_error"),
    "time_constants": sorted({scope for _, scope in run.readings("time_constant")}),
    "predict": exit_code,
}))
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What programs of the copy say of the new cell."""

    catalogue: dict[str, str]
    schemas: list[str]
    filter: list[str]
    estimate: dict[str, float]
    #: Of the network that was trained.
    parameters: int
    refused: list[str]
    stop_reason: str
    profiles: list[str]
    #: Number of readings and the largest of them.
    checksum: tuple[int, float]
    adjoint: tuple[int, float]
    time_constants: list[str]
    #: Exit code of `predict.py --check`.
    predict: int


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    tree = tree_with(
        tmp_path_factory.mktemp("cell") / "tree",
        new_files={
            "app/domain/specs/model/update_gate.py": SPEC,
            "worker/cells/update_gate.py": LAYER,
        },
        insertions=INSERTIONS,
    )
    assert tree.changes == Changes(new_files=2, inserted_lines=4)
    found: Answer = TypeAdapter(Answer).validate_json(tree.run(PROGRAM).splitlines()[-1])
    return found


def test_a_new_cell_is_in_the_catalogue_in_openapi_and_in_filters(answer: Answer) -> None:
    assert f'"""{answer.catalogue["update_gate"]}"""' in SPEC
    assert "UpdateGateSpec" in answer.schemas
    assert answer.filter == ["update_gate"]


def test_its_estimate_is_exact_and_what_is_for_other_cells_is_refused(answer: Answer) -> None:
    # of both layers and directions: two matrices and two biases of 12 rows; then the read-out
    expected = 2 * 12 * (2 + 6 + 2) + 2 * 12 * (12 + 6 + 2) + 13

    assert answer.estimate["parameters"] == answer.parameters == expected
    assert answer.estimate["memory_bytes"] > 0
    assert answer.refused == [
        "init.forget_bias is only for lstm; this model is update_gate",
        "init.recurrent critical is only for elman; this model is update_gate",
    ]


def test_it_trains_and_its_gradients_are_followed_back(answer: Answer) -> None:
    ways = [f"{layer}{way}" for layer in (0, 1) for way in ("", "/reverse")]
    (num_checksums, checksum), (num_adjoints, adjoint) = answer.checksum, answer.adjoint

    assert answer.stop_reason == "completed"
    assert answer.profiles == [*(f"layer:{way}" for way in ways), "model"]
    assert answer.time_constants == [f"gate:{way}/keep" for way in ways]
    # at steps 0, 6 and 12
    assert (num_checksums, num_adjoints) == (3, 3 * len(ways))
    assert checksum < 1e-12
    assert adjoint < 1e-12


def test_the_published_program_computes_it_from_its_equations(answer: Answer) -> None:
    assert answer.predict == 0
