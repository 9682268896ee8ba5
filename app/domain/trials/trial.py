"""What a trial is: a control and remedies, each trained with the same seeds and data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue

from app.domain.runs import STATUS_OF, RunStatus, StopReason
from app.domain.scopes import Split

#: The arm and the seed of a run, by their positions.
Place = tuple[int, int]
#: Position of the control among the arms.
CONTROL = 0
#: Position of the run's own seed, if the run itself serves as an untreated one. A fresh seed comes
#: first, because the run was chosen for being sick.
OWN_SEED = 1
#: Ends that tell what training leads to. All others say nothing about the remedy.
TELLING = frozenset(
    {
        StopReason.COMPLETED,
        StopReason.CONVERGED,
        StopReason.DIVERGED,
        StopReason.TIMED_OUT,
    }
)


class TrialStatus(StrEnum):
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


class TrialEnd(StrEnum):
    """Why a trial ended."""

    #: Every remedy was judged, or further runs would not have changed its verdict.
    DECIDED = "decided"
    #: The runs took the time that was allowed.
    BUDGET_SPENT = "budget_spent"
    CANCELLED = "cancelled"


class TrialUntil(StrEnum):
    """How long a trial goes on."""

    #: Once a remedy has cured, the others get no more time than that one took.
    FIRST_CURE = "first_cure"
    #: Every remedy is trained until further runs would not change its verdict.
    DECIDED = "decided"


class RunStop(StrEnum):
    """Why a trial stopped one of its runs."""

    #: Another remedy had cured in less time.
    FIRST_CURE = "first_cure"
    BUDGET_SPENT = "budget_spent"
    #: No verdict needs it.
    DECIDED = "decided"
    #: The trial was cancelled.
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """The control, or a remedy."""

    #: Kind of the remedy; None for the control.
    remedy: str | None
    #: A merge patch of the run's spec.
    patch: Mapping[str, JsonValue]
    reason: str
    #: The complete job spec with the patch applied and the seed of the run.
    body: Mapping[str, JsonValue]

    @property
    def num_steps(self) -> int:
        training = self.body["training"]
        assert isinstance(training, dict)  # noqa: S101 - a complete job spec
        return int(str(training["num_steps"]))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one run of a trial."""

    stop_reason: StopReason
    #: Optimizer steps done.
    step: int
    #: From the last claim to the end.
    seconds: float
    #: Split -> score of the task's metric; None if it is not finite.
    scores: Mapping[Split, float | None] = field(default_factory=dict)
    #: Split -> progress; see `progress`.
    progress: Mapping[Split, float] = field(default_factory=dict)
    #: Its diagnosis.
    verdict: str | None = None
    finding_codes: tuple[str, ...] = ()
    error: str | None = None

    @property
    def status(self) -> RunStatus:
        return STATUS_OF[self.stop_reason]

    @property
    def is_telling(self) -> bool:
        return self.stop_reason in TELLING and self.judged_split is not None

    @property
    def judged_split(self) -> Split | None:
        """The split that is judged: test or, in a run that ended before it was scored, validation.

        Training data are judged where there are no others. None without scores of a task with a
        baseline.
        """
        splits: tuple[Split, ...] = ("test", "validation", "train")
        return next((split for split in splits if split in self.progress), None)

    @property
    def judged_progress(self) -> float:
        """Progress on the judged split, which there must be."""
        split = self.judged_split
        if split is None:
            detail = "the run has no scores"
            raise ValueError(detail)
        return self.progress[split]


@dataclass(frozen=True, kw_only=True)
class TrialRun:
    """The run of one arm with one seed."""

    #: Position of the arm.
    arm: int
    #: Position of the seed.
    seed: int
    #: None when the run was deleted, or was refused when it was to be queued.
    run_id: UUID | None
    #: None until it has ended.
    outcome: Outcome | None
    #: Why the trial asked it to stop; None if it did not.
    stopped_for: RunStop | None = None

    @property
    def place(self) -> Place:
        return self.arm, self.seed


@dataclass(frozen=True, kw_only=True)
class TrainingSoFar:
    """What a run that has not ended has done."""

    #: Since a worker claimed it; 0 while it is queued.
    seconds: float
    #: By its latest score on validation data; None without one.
    progress: float | None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The remedies of one run, tried beside the untreated run."""

    id: UUID
    workspace_id: UUID
    #: The run whose remedies are tried.
    run_id: UUID
    status: TrialStatus
    end_reason: TrialEnd | None
    #: Raised by every change.
    version: int
    created_at: datetime
    ended_at: datetime | None
    #: The control first.
    arms: Sequence[Arm]
    #: In the order in which they are used.
    seeds: Sequence[int]
    #: Time that all runs together may take, relative to that of the run.
    budget: float
    #: Seconds that the run takes, or would take with all of its steps.
    run_seconds: float
    #: What became of the run itself, if it ended so that it tells something: it is the untreated
    #: run with the seed at position `own_seed`.
    own: Outcome | None
    until: TrialUntil
    runs: Sequence[TrialRun] = ()

    @property
    def own_seed(self) -> int | None:
        return None if self.own is None else OWN_SEED

    @property
    def active(self) -> Sequence[TrialRun]:
        """The runs that have not ended."""
        return [one for one in self.runs if one.outcome is None]

    def outcomes_of(self, arm: int) -> Mapping[int, Outcome]:
        """Returns seed -> what its run tells, for runs of the arm that tell something."""
        found = {
            one.seed: one.outcome
            for one in self.runs
            if one.arm == arm and one.outcome is not None and one.outcome.is_telling
        }
        if arm == CONTROL and self.own is not None:
            found[OWN_SEED] = self.own
        return found
