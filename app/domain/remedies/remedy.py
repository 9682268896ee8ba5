"""A remedy: a typed change of a job spec, drawn up for an ailment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from app.domain.specs.job import JobSpec
from app.domain.symptoms import CauseCode, FindingCode

Patch = Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A change of the job spec that acts on a symptom."""

    kind: str
    #: Merge patch of the job spec.
    patch: Patch
    reason: str
    source: str
    #: The full, valid job spec with the patch applied: the body of `POST /v1/runs`.
    body: Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class Ailment:
    """What a remedy must know of the symptom it is to act on."""

    code: FindingCode
    cause: CauseCode | None = None
    #: Timesteps that the target depends on the input; None when unknown.
    required_lag: int | None = None
    #: Timesteps of one training sequence; None when unknown.
    length: int | None = None
    #: Median of the finite gradient norms before clipping; None without any.
    grad_norm: float | None = None
    #: False when the gradient itself overflows, so that there is nothing left to clip.
    is_gradient_finite: bool = True


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A patch and the reason for it, with its numbers."""

    patch: Patch
    reason: str


@dataclass(frozen=True, kw_only=True)
class RemedyRule:
    """One kind of remedy, when it acts, and how it is drawn up."""

    kind: str
    #: One line for the catalogue.
    summary: str
    source: str
    codes: frozenset[FindingCode]
    #: Causes it acts on; None among them when no cause need be known.
    causes: frozenset[CauseCode | None]
    #: None where the spec already is so, or the remedy does not fit it.
    draw: Callable[[Ailment, JobSpec], Draft | None]

    def acts_on(self, ailment: Ailment) -> bool:
        return ailment.code in self.codes and ailment.cause in self.causes
