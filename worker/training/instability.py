"""What happens at a loss, gradient or update that is not finite, by `training.on_instability`.

report     update as a plain loop would; the run ends when the loss or the weights are not finite
stop       end the run at once, with finite weights
skip_step  leave the update out and continue
rollback   restore weights and optimizer of some steps ago, and continue with a lower learning rate

A finite gradient can give an update that is not finite: learning rate times gradient overflows,
or the square of the gradient, which Adam and RMSprop keep, does (in float32 above 1.8e19). All
policies but `report` therefore examine the update too.

A rollback multiplies the learning rate by a factor that is measured in the restored state, as the
step-size probe measures it (rate_factor.py), or by a default.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Literal, assert_never

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from app.domain.rollbacks import Failure, Rollback
from worker.training.checkpoint import Checkpoint, GuardNotes
from worker.training.saved_states import SavedStates

Policy = Literal["report", "stop", "skip_step", "rollback"]
#: After more skipped steps in a row the run has diverged.
MAX_SKIPPED_STEPS = 100
#: After more rollbacks the run has diverged.
MAX_ROLLBACKS = 10
#: What one rollback multiplies the learning rate by, at least, at most, and where no factor can be
#: measured.
MIN_FACTOR, MAX_FACTOR, DEFAULT_FACTOR = 0.01, 0.5, 0.5


class Finiteness(Enum):
    """What is known of a step's loss and gradient."""

    FINITE = auto()
    #: The loss is finite and the gradient is not.
    BAD_GRADIENT = auto()
    BAD_LOSS = auto()
    #: Loss and gradient are finite, and the update is not.
    BAD_UPDATE = auto()
    #: Not examined; a later flush of the readings finds out.
    UNKNOWN = auto()

    @property
    def is_bad(self) -> bool:
        return self not in {Finiteness.FINITE, Finiteness.UNKNOWN}


_FAILURES: Mapping[Finiteness, Failure] = {
    Finiteness.BAD_LOSS: "loss",
    Finiteness.BAD_GRADIENT: "gradient",
    Finiteness.BAD_UPDATE: "update",
}
#: Measures by what to multiply the learning rate, before a step, given the present factor; returns
#: None where it cannot.
MeasureFactor = Callable[[int, float], float | None]


class Response(Enum):
    """What becomes of the step."""

    UPDATE = auto()
    SKIP = auto()
    END = auto()


class InstabilityGuard:
    """The policy of one run and what it remembers."""

    def __init__(
        self,
        policy: Policy,
        *,
        weights: Sequence[nn.Parameter],
        optimizer: Optimizer,
        measure_factor: MeasureFactor = lambda _step, _factor: None,
        on_rollback: Callable[[Rollback], None] = lambda _rollback: None,
    ) -> None:
        self._policy = policy
        self._states = SavedStates(weights=weights, optimizer=optimizer)
        self._measure_factor = measure_factor
        self._on_rollback = on_rollback
        # on a GPU it makes the host wait, so with `report` the next flush finds out there
        self._looks_each_step = policy != "report" or weights[0].device.type == "cpu"
        self._loss = 0.0
        self._num_skipped = 0
        self._num_rollbacks = 0
        #: Multiplies the schedule's learning rate.
        self.rate_factor = 1.0
        #: The origin of the first number that is not finite has been recorded.
        self.is_origin_known = False

    def look(self, loss: Tensor, norm: Tensor) -> Finiteness:
        """Examine the loss and the norm of the gradient, by one copy to the host, where needed."""
        if not self._looks_each_step:
            return Finiteness.UNKNOWN
        self._loss, norm_now = torch.stack((loss.detach().double(), norm)).tolist()
        if not math.isfinite(self._loss):
            return Finiteness.BAD_LOSS
        return Finiteness.FINITE if math.isfinite(norm_now) else Finiteness.BAD_GRADIENT

    def respond(self, step: int, found: Finiteness) -> Response:
        """Decide what becomes of the step. Restores an earlier state where the policy says so."""
        if found.is_bad:
            return self._respond_to_failure(step, found)
        if self._policy == "rollback":
            self._states.consider(step, self._loss)
        return Response.UPDATE

    @property
    def examines_updates(self) -> bool:
        """Whether what is not finite is noticed at each step, and an update may be undone."""
        return self._policy != "report"

    def look_at_update(self, norms: Sequence[Tensor]) -> Finiteness:
        """Examine the norms of what each tensor changed by, by one copy to the host."""
        if not torch.isfinite(torch.stack(list(norms))).all():
            return Finiteness.BAD_UPDATE
        self._num_skipped = 0
        return Finiteness.FINITE

    def _respond_to_failure(self, step: int, found: Finiteness) -> Response:
        match self._policy:
            case "report":
                return Response.END if found is Finiteness.BAD_LOSS else Response.UPDATE
            case "stop":
                return Response.END
            case "skip_step":
                self._num_skipped += 1
                return Response.END if self._num_skipped > MAX_SKIPPED_STEPS else Response.SKIP
            case "rollback":
                return self._roll_back(step, found)
            case _:
                assert_never(self._policy)

    def _roll_back(self, step: int, found: Finiteness) -> Response:
        if not self._states or self._num_rollbacks == MAX_ROLLBACKS:
            return Response.END
        self._num_rollbacks += 1
        to_step = self._states.return_to_older()
        measured = self._measure_factor(step + 1, self.rate_factor)
        factor = DEFAULT_FACTOR if measured is None else bounded(measured)
        self.rate_factor *= factor
        rollback = Rollback(
            step=step,
            to_step=to_step,
            failure=_FAILURES[found],
            factor=factor,
            is_measured=measured is not None,
            rate_factor=self.rate_factor,
            number=self._num_rollbacks,
        )
        self._on_rollback(rollback)
        return Response.SKIP

    def notes(self) -> GuardNotes:
        states = self._states.notes()
        return GuardNotes(
            rate_factor=self.rate_factor,
            num_skipped=self._num_skipped,
            num_rollbacks=self._num_rollbacks,
            num_snapshots=len(states),
            states=states,
        )

    def tensors(self) -> Mapping[str, Tensor]:
        """The saved states, named as in a checkpoint."""
        return self._states.tensors()

    def restore(self, checkpoint: Checkpoint) -> None:
        notes = checkpoint.notes.guard
        self.is_origin_known = checkpoint.notes.is_origin_known
        self.rate_factor = notes.rate_factor
        self._num_skipped, self._num_rollbacks = notes.num_skipped, notes.num_rollbacks
        self._states.restore(checkpoint)


def bounded(factor: float) -> float:
    """Returns the factor within the bounds of one rollback."""
    return min(MAX_FACTOR, max(MIN_FACTOR, factor))
