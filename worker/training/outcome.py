"""How training ends, and what it leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from app.domain.runs import StopReason
from worker.models.network import SequenceModel
from worker.training.best import ScoredWeights


class Interruption(Enum):
    """Why training stops where no StopReason says it."""

    #: The run goes on elsewhere, from the checkpoint that is left.
    PAUSED = auto()
    #: Only step 0 was wanted; the weights that it left are not measured.
    INITIAL_WEIGHTS_MEASURED = auto()


#: After these the last weights are not measured.
WITHOUT_LAST_PROBE = frozenset(
    {StopReason.CANCELLED, Interruption.PAUSED, Interruption.INITIAL_WEIGHTS_MEASURED}
)

#: Asked before each step.
StopRequested = Callable[[], StopReason | Interruption | None]


@dataclass(frozen=True, kw_only=True)
class TrainingOutcome:
    """How training ended, and what it left."""

    stop_reason: StopReason | Interruption
    steps_done: int
    model: SequenceModel
    #: None if no evaluation on validation data was finite, or there is no such data.
    best: ScoredWeights | None
    #: One sentence for people where something went wrong.
    error: str | None = None
