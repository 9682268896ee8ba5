"""What a new clipping, optimizer or schedule costs: a file and two lines, and it is everywhere."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue

from tests.architecture.temporary_tree import Changes, Insertion, TemporaryTree, tree_with


@dataclass(frozen=True, kw_only=True)
class Member:
    """A kind that no release has, and how a job spec asks for it."""

    #: As the catalogue names it.
    family: str
    #: In `app/domain/specs`, and the union there that it joins.
    package: str
    union: str
    schema: str
    source: str
    patch: dict[str, JsonValue]
    #: What the run of `patch` reads at its last step, which no other kind would.
    quantity: str
    expected: float


HALVING = Member(
    family="clipping",
    package="clipping",
    union="ClippingSpec",
    schema="Halving",
    source='''"""Half of the gradient."""

from typing import Literal

from app.domain.specs.base import Spec
from app.domain.specs.clipping.gradient import Gradient, S


class Halving(Spec):
    """Halve each gradient."""

    kind: Literal["halving"]

    def clip(self, gradient: Gradient[S]) -> S:
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
    package="optimizer",
    union="OptimizerSpec",
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
    package="schedule",
    union="ScheduleSpec",
    schema="Linear",
    source='''"""A learning rate that falls to 0."""

from typing import Literal

from app.domain.specs.schedule.base import Progress, Schedule


class Linear(Schedule):
    """Fall linearly to 0."""

    kind: Literal["linear"]

    def share(self, progress: Progress) -> float:
        return 1 - progress.step / progress.num_steps
''',
    patch={
        "optimizer": {"kind": "sgd", "learning_rate": 0.25, "schedule": {"kind": "linear"}},
        "training": {"num_steps": 8},
    },
    quantity="learning_rate",
    expected=0.25 / 8,
)

PROGRAM = """
import json
from app.main import create_app
from app.services.read_catalog import read_catalog
from app.settings import Settings
from tests.worker.builders import make_spec, train_spec

asked = json.loads({asked!r})
urls = {{"CLINIC_DATABASE_URL": "postgresql://", "CLINIC_BROKER_URL": "redis://"}}
app = create_app(Settings.read({{**urls, "CLINIC_SECRET": "s" * 32}}))
run = train_spec(make_spec(asked["patch"]))
print(json.dumps({{
    "kinds": {{kind.kind: kind.summary for kind in read_catalog().kinds[asked["family"]]}},
    "schemas": list(app.openapi()["components"]["schemas"]),
    "stop_reason": run.outcome.stop_reason,
    "value": float(run.series(asked["quantity"])[-1]),
}}))
"""


def with_member(root: Path, member: Member) -> TemporaryTree:
    kind = member.schema.lower()
    package = f"app/domain/specs/{member.package}"
    imported = f"from app.domain.specs.{member.package}.{kind} import {member.schema}"
    joined = f"{member.schema} |"
    registry = f"{package}/__init__.py"
    return tree_with(
        root,
        new_files={f"{package}/{kind}.py": member.source},
        insertions=[
            Insertion(registry, after="from pydantic import Field", lines=(imported,)),
            Insertion(registry, after=f"{member.union} = Annotated[", lines=(joined,)),
        ],
    )


@pytest.mark.parametrize("member", [HALVING, ADAGRAD, LINEAR], ids=lambda member: member.family)
def test_a_new_member_is_one_file_and_two_lines(tmp_path: Path, member: Member) -> None:
    tree = with_member(tmp_path / "tree", member)
    asked = {"family": member.family, "patch": member.patch, "quantity": member.quantity}

    answer = tree.answer(PROGRAM.format(asked=json.dumps(asked)))

    assert isinstance(answer, dict)
    kind = member.schema.lower()
    assert tree.changes == Changes(new_files=1, inserted_lines=2)
    assert isinstance(answer["kinds"], dict)
    assert answer["kinds"][kind] == member.source.split('    """')[1].split('"""')[0]
    assert isinstance(answer["schemas"], list)
    assert member.schema in answer["schemas"]
    assert answer["stop_reason"] == "completed"
    assert answer["value"] == pytest.approx(member.expected)
