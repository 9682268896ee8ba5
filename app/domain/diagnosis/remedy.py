"""What a remedy is: a typed change of a job spec, and the card that describes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from app.domain.diagnosis.record import Record
from app.domain.specs.job import JobSpec
from app.domain.task import TaskShape

#: Lag that is assumed if neither the required lag nor the length is known, in timesteps.
DEFAULT_LAG = 50

#: A merge patch of a job spec.
Patch = Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A change that may help, with the job spec that results from it."""

    #: Kind of a remedy card.
    kind: str
    patch: Patch
    reason: str
    source: str
    #: The patched spec: valid, complete and different from the run's.
    body: Mapping[str, JsonValue]
    #: Step of the best state that was saved, if the patch can be applied to a fork from there.
    fork_step: int | None = None
    #: How often it cured runs with the likeliest of the causes that it acts on; None if untried.
    record: Record | None = None


@dataclass(frozen=True, kw_only=True)
class Ailment:
    """What remedies are drawn for: the likely causes of a run, and the run's own numbers.

    Every number is None where it was not measured.
    """

    #: Code of the likeliest cause; None if unknown.
    cause: str | None = None
    #: Probability of each cause by its code; empty if only `cause` is known.
    probabilities: Mapping[str, float] = field(default_factory=dict)
    #: Lag at which the target depends on the input, in timesteps.
    required_lag: int | None = None
    #: Timesteps of one training sequence.
    length: int | None = None
    #: Sizes of the task, for the cost of a remedied run.
    shape: TaskShape | None = None
    #: Median of the finite gradient norms before clipping.
    grad_norm: float | None = None
    #: False if the gradient overflows before it can be clipped.
    is_gradient_finite: bool = True
    #: False if the loss of the first step is not finite, so that no update can be at fault.
    starts_finite: bool = True
    #: Multiple of the update at which the loss is least: the geometric mean over the first probes,
    #: and the median over all of them.
    early_step_factor: float | None = None
    step_factor: float | None = None
    #: sqrt(v) / eps of the optimizer, at the latest probe.
    second_moment_over_eps: float | None = None
    #: Largest share of the penalties, or of a decoupled weight decay, in a step, relative to that
    #: of the loss.
    penalty_share: float | None = None
    #: Steps after which the task would be learned if the score goes on as it does.
    needed_steps: int | None = None
    #: Step of the best validation score.
    best_step: int | None = None
    #: How much better than the baseline that score is, relative to the baseline.
    best_gain: float | None = None
    #: The best step, if its state was saved and its score is better than the baseline.
    fork_step: int | None = None
    #: Timesteps of context that still improve held-out predictions, by a reference model.
    useful_context: int | None = None

    @property
    def likely(self) -> Mapping[str, float]:
        """The probabilities of the causes; 1 for the only one that is known."""
        if self.probabilities or self.cause is None:
            return self.probabilities
        return {self.cause: 1.0}

    @property
    def assumed_lag(self) -> int:
        """The required lag or, if unknown, the length, in timesteps; at least 1."""
        return max(self.required_lag or self.length or DEFAULT_LAG, 1)


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
    #: Returns the patch with its reason; None if the remedy cannot act.
    draw: Callable[[Ailment, JobSpec], Draft | None]
    #: True if it acts only where the spec or the run shows the very thing that it undoes.
    is_specific: bool = False
    #: False if its amount holds for the run as it is, and not where another remedy changes it too.
    joins_others: bool = True

    @property
    def changes_the_start(self) -> bool:
        """Whether the first forward pass differs after it."""
        return any(path.startswith(_OF_THE_START) for path in self.changes)


#: Fields that determine the first forward pass.
_OF_THE_START = ("model", "init", "dataset", "training.precision", "training.seed")
