"""All kinds that a job spec may name, by family, with their summaries and JSON schemas."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import JsonValue

from app.domain.specs.base import Spec, kind_of, members_of
from app.domain.specs.clipping import ClippingSpec
from app.domain.specs.dataset import DatasetSpec
from app.domain.specs.init import BiasInit, InputInit, RecurrentInit
from app.domain.specs.job import JobSpec
from app.domain.specs.loss import LossSpec
from app.domain.specs.model import ModelSpec
from app.domain.specs.optimizer import OptimizerSpec
from app.domain.specs.schedule import ScheduleSpec
from app.domain.specs.transform import TransformSpec

#: Path in the job spec -> the union of the kinds that are allowed there.
_FAMILIES: Mapping[str, object] = MappingProxyType(
    {
        "model": ModelSpec,
        "init.recurrent": RecurrentInit,
        "init.input": InputInit,
        "init.bias": BiasInit,
        "clipping": ClippingSpec,
        "optimizer": OptimizerSpec,
        "optimizer.schedule": ScheduleSpec,
        "dataset": DatasetSpec,
        "dataset.loss": LossSpec,
        "dataset.transform": TransformSpec,
    }
)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One member of a family."""

    kind: str
    #: One line.
    summary: str
    schema: Mapping[str, JsonValue]


def kinds_by_family() -> Mapping[str, tuple[Kind, ...]]:
    """Returns the kinds of each family in the order of its union."""
    return {family: tuple(map(_kind, members_of(union))) for family, union in _FAMILIES.items()}


def job_schema() -> Mapping[str, JsonValue]:
    return JobSpec.model_json_schema()


def _kind(spec: type[Spec]) -> Kind:
    schema = spec.model_json_schema()
    summary = (inspect.getdoc(spec) or "").splitlines()[0]
    return Kind(kind=kind_of(spec), summary=summary, schema=schema)
