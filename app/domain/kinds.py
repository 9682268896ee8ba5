"""Every kind that a job spec may name, by family: what it is for and its JSON Schema."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from pydantic import JsonValue

from app.domain.specs.base import Spec
from app.domain.specs.clipping import ClippingSpec
from app.domain.specs.dataset import DatasetSpec
from app.domain.specs.init import BiasInit, InputInit, RecurrentInit
from app.domain.specs.job import JobSpec
from app.domain.specs.model import ModelSpec
from app.domain.specs.optimizer import OptimizerSpec, ScheduleSpec

#: Place in the job spec -> the union that stands there.
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
    """In the order in which the specs are written."""
    return {family: tuple(map(_kind, _members(union))) for family, union in _FAMILIES.items()}


def job_schema() -> Mapping[str, JsonValue]:
    return JobSpec.model_json_schema()


def _members(union: object) -> Iterator[type[Spec]]:
    annotated, *_ = get_args(union)
    yield from get_args(annotated)


def _kind(spec: type[Spec]) -> Kind:
    schema = spec.model_json_schema()
    summary = (inspect.getdoc(spec) or "").splitlines()[0]
    (kind,) = get_args(spec.model_fields["kind"].annotation)
    return Kind(kind=kind, summary=summary, schema=schema)
