"""What a remedy is: a typed change of a job spec, and the card that describes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from app.domain.specs.job import JobSpec

#: A merge patch of a job spec.
Patch = Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A change of the job spec that acts on a symptom."""

    #: Kind of a remedy card.
    kind: str
    patch: Patch
    reason: str
    source: str
    #: The full, valid job spec with the patch applied: the body of `POST /v1/runs`.
    body: Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class Ailment:
    """The facts of a finding that remedies depend on."""

    #: Code of the finding.
    code: str
    #: Code of its likeliest cause, that of a cause card; None if undetermined.
    cause: str | None = None
    #: Lag at which the target depends on the input, in timesteps; None if unknown.
    required_lag: int | None = None
    #: Timesteps of one training sequence; None if unknown.
    length: int | None = None
    #: Median of the finite gradient norms before clipping; None if there are none.
    grad_norm: float | None = None
    #: False if the gradient overflows before it can be clipped.
    is_gradient_finite: bool = True


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A patch and the reason for it, with its numbers."""

    patch: Patch
    reason: str


@dataclass(frozen=True, kw_only=True)
class RemedyCard:
    """All that is known of one kind of remedy."""

    #: Stable, lower snake case.
    kind: str
    #: One sentence that says what to do.
    summary: str
    source: str
    #: Fields of the job spec that its patch may hold, as paths: `init.recurrent`.
    changes: tuple[str, ...]
    #: One sentence that says when it is not advised although it acts on the cause.
    cannot_act: str
    #: Codes of the causes that it acts on.
    causes: frozenset[str]
    #: Codes of the findings that it acts on even if no cause is known.
    findings_without_cause: frozenset[str] = frozenset()
    #: Codes of the findings that it does not act on, for any cause.
    excluded_findings: frozenset[str] = frozenset()
    #: Returns the patch with its reason; None if the remedy cannot act.
    draw: Callable[[Ailment, JobSpec], Draft | None]

    def acts_on(self, ailment: Ailment) -> bool:
        """Returns whether the remedy is meant for the finding, by its code and its cause."""
        if ailment.code in self.excluded_findings:
            return False
        if ailment.cause is None:
            return ailment.code in self.findings_without_cause
        return ailment.cause in self.causes
