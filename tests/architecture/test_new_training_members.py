"""What a new clipping, init, optimizer or schedule costs: a file and two lines of the registry."""

import json
from dataclasses import dataclass

import pytest
from pydantic import JsonValue, TypeAdapter

from tests.architecture.temporary_tree import Changes, Insertion, tree_with


@dataclass(frozen=True, kw_only=True)
class Member:
    """A kind that no release has, and how a job spec asks for it."""

    #: As the catalogue names it.
    family: str
    package: str
    #: The line of the union that it joins, and what is inserted after it.
    after: str
    joined: str
    schema: str
    source: str
    patch: dict[str, JsonValue]
    #: What the run of `patch` reads at its last step, of the model or of this tensor.
    quantity: str
    tensor: str | None = None
    expected: float

    @property
    def kind(self) -> str:
        return self.schema.lower()

    @property
    def insertions(self) -> tuple[Insertion, Insertion]:
        registry = f"{self.package}/__init__.py"
        module = f"{self.package}/{self.kind}".replace("/", ".")
        imported = f"from {module} import {self.schema}"
        return (
            Insertion(registry, after="from pydantic import Field", lines=(imported,)),
            Insertion(registry, after=self.after, lines=(self.joined,)),
        )


HALVING = Member(
    family="clipping",
    package="app/domain/specs/clipping",
    after="ClippingSpec = Annotated[",
    joined="Halving |",
    schema="Halving",
    source='''"""Half of the gradient."""

from typing import Literal

from app.domain.specs.clipping.base import Clipping, Gradient, S


class Halving(Clipping):
    """Halve each gradient."""

    kind: Literal["halving"]

    def clip(self, gradient: Gradient[S], /) -> S:
        half = 0.5 / gradient.one
        gradient.scale(half)
        return half
''',
    patch={"clipping": {"kind": "halving"}},
    quantity="clip_coefficient",
    expected=0.5,
)

ADAGRAD = Member(
    family="optimizer",
    package="app/domain/specs/optimizer",
    after="OptimizerSpec = Annotated[",
    joined="Adagrad |",
    schema="Adagrad",
    source='''"""Adagrad."""

from typing import Literal

from app.domain.specs.optimizer.base import Optimizer, TorchOptimizer


class Adagrad(Optimizer):
    """Adagrad (Duchi et al. 2011)."""

    kind: Literal["adagrad"]

    @property
    def in_torch(self) -> TorchOptimizer:
        return TorchOptimizer(name="Adagrad", arguments={}, num_moments=1)
''',
    patch={"optimizer": {"kind": "adagrad", "learning_rate": 0.0625}},
    quantity="learning_rate",
    expected=0.0625,
)
LINEAR = Member(
    family="optimizer.schedule",
    package="app/domain/specs/schedule",
    after="ScheduleSpec = Annotated[",
    joined="Linear |",
    schema="Linear",
    source='''"""A learning rate that falls to 0."""

from typing import Literal

from app.domain.specs.schedule.base import Progress, Schedule


class Linear(Schedule):
    """Fall linearly to 0."""

    kind: Literal["linear"]

    def share(self, progress: Progress, /) -> float:
        return 1 - progress.step / progress.num_steps
''',
    patch={
        "optimizer": {"kind": "sgd", "learning_rate": 0.25, "schedule": {"kind": "linear"}},
        "training": {"num_steps": 8},
    },
    quantity="learning_rate",
    expected=0.25 / 8,
)
CHECKERED = Member(
    family="init.recurrent",
    package="app/domain/specs/init",
    after="| HeUniform",
    joined="| Checkered",
    schema="Checkered",
    source='''"""Weights of alternating sign."""

from typing import Literal

import numpy as np

from app.domain.specs.init.base import BlankMatrix, ScaledInit
from app.domain.telemetry import DoubleArray


class Checkered(ScaledInit):
    """gain with alternating signs."""

    kind: Literal["checkered"]

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        return self.gain * (-1.0) ** np.indices(blank.shape).sum(axis=0)
''',
    patch={
        "init": {"recurrent": {"kind": "checkered", "gain": 0.125}},
        "training": {"num_steps": 1},
    },
    quantity="weight_norm",
    tensor="rnn.weight_hh_l0",
    # of a matrix of 8 x 8
    expected=0.125 * 8,
)

MEMBERS = (HALVING, ADAGRAD, LINEAR, CHECKERED)

PROGRAM = """
import json
from app.main import create_app
from app.services.read_catalog import read_catalog
from app.settings import Settings
from tests.worker.builders import make_spec, train_spec

def train(patch, quantity, tensor):
    run = train_spec(make_spec(patch))
    *_, chunk = [batch.chunk for batch in run.batches if batch.chunk is not None]
    if tensor is None:
        values = chunk.scalars[quantity]
    else:
        values = chunk.tensors[quantity][:, run.tensor_names.index(tensor)]
    return {{"stop_reason": run.outcome.stop_reason, "value": float(values[-1])}}

urls = {{"CLINIC_DATABASE_URL": "postgresql://", "CLINIC_BROKER_URL": "redis://"}}
app = create_app(Settings.read({{**urls, "CLINIC_SECRET": "s" * 32}}))
print(json.dumps({{
    "kinds": {{
        family: {{kind.kind: kind.summary for kind in kinds}}
        for family, kinds in read_catalog().kinds.items()
    }},
    "schemas": list(app.openapi()["components"]["schemas"]),
    "trained": [train(*asked) for asked in json.loads({asked!r})],
}}))
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What programs of the copy say of the new members."""

    changes: Changes
    #: One line on each kind, by family.
    kinds: dict[str, dict[str, str]]
    schemas: list[str]
    #: In the order of the members.
    trained: list[dict[str, JsonValue]]


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    tree = tree_with(
        tmp_path_factory.mktemp("members") / "tree",
        new_files={f"{member.package}/{member.kind}.py": member.source for member in MEMBERS},
        insertions=[insertion for member in MEMBERS for insertion in member.insertions],
    )
    asked = json.dumps([(member.patch, member.quantity, member.tensor) for member in MEMBERS])
    return TypeAdapter(Answer).validate_python(
        {"changes": tree.changes, **json.loads(tree.run(PROGRAM.format(asked=asked)))}
    )


def test_a_new_member_is_one_file_and_two_lines(answer: Answer) -> None:
    num_members = len(MEMBERS)
    assert answer.changes == Changes(new_files=num_members, inserted_lines=2 * num_members)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.kind)
def test_it_is_in_the_catalogue_in_openapi_and_trains(answer: Answer, member: Member) -> None:
    trained = answer.trained[MEMBERS.index(member)]

    assert f'"""{answer.kinds[member.family][member.kind]}"""' in member.source
    assert member.schema in answer.schemas
    assert trained["stop_reason"] == "completed"
    assert trained["value"] == pytest.approx(member.expected)
