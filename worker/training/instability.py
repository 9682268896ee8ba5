"""What happens at a loss, gradient or update that is not finite, by `training.on_instability`.

report     update as a plain loop would; the run ends when the loss or the weights are not finite
stop       end the run at once, with finite weights
skip_step  leave the update out and continue
rollback   restore weights and optimizer of some steps ago, and continue at half the learning rate

A finite gradient can give an update that is not finite: learning rate times gradient overflows,
or the square of the gradient, which Adam and RMSprop keep, does (in float32 above 1.8e19). All
policies but `report` therefore examine the update too.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, Literal, assert_never

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from worker.training.checkpoint import (
    OPTIMIZER,
    SNAPSHOT,
    WEIGHTS,
    Checkpoint,
    GuardNotes,
    optimizer_state,
    optimizer_tensors,
)

Policy = Literal["report", "stop", "skip_step", "rollback"]
#: After more skipped steps in a row the run has diverged.
MAX_SKIPPED_STEPS = 100
#: After more rollbacks the run has diverged.
MAX_ROLLBACKS = 10
#: Steps between two saved states. A rollback returns to the older of the last two.
SNAPSHOT_EVERY_STEPS = 50


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


class Response(Enum):
    """What becomes of the step."""

    UPDATE = auto()
    SKIP = auto()
    END = auto()


class InstabilityGuard:
    """The policy of one run and what it remembers."""

    def __init__(
        self, policy: Policy, *, weights: Sequence[nn.Parameter], optimizer: Optimizer
    ) -> None:
        self._policy = policy
        self._weights = weights
        self._optimizer = optimizer
        # on a GPU it makes the host wait, so with `report` the next flush finds out there
        self._looks_each_step = policy != "report" or weights[0].device.type == "cpu"
        self._snapshots: list[tuple[list[Tensor], dict[str, Any]]] = []
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
        is_loss_finite, is_norm_finite = map(
            math.isfinite, torch.stack((loss.detach().double(), norm)).tolist()
        )
        if not is_loss_finite:
            return Finiteness.BAD_LOSS
        return Finiteness.FINITE if is_norm_finite else Finiteness.BAD_GRADIENT

    def respond(self, step: int, found: Finiteness) -> Response:
        """Decide what becomes of the step. Restores an earlier state where the policy says so."""
        if found.is_bad:
            return self._respond_to_failure(found)
        if self._policy == "rollback" and step % SNAPSHOT_EVERY_STEPS == 0:
            self._snapshots = [*self._snapshots[-1:], self._snapshot()]
        return Response.UPDATE

    @property
    def examines_updates(self) -> bool:
        """Whether an update may have to be undone."""
        return self._policy != "report"

    def look_at_update(self, norms: Sequence[Tensor]) -> Finiteness:
        """Examine the norms of what each tensor changed by, by one copy to the host."""
        if not torch.isfinite(torch.stack(list(norms))).all():
            return Finiteness.BAD_UPDATE
        self._num_skipped = 0
        return Finiteness.FINITE

    def _respond_to_failure(self, found: Finiteness) -> Response:
        match self._policy:
            case "report":
                return Response.END if found is Finiteness.BAD_LOSS else Response.UPDATE
            case "stop":
                return Response.END
            case "skip_step":
                self._num_skipped += 1
                return Response.END if self._num_skipped > MAX_SKIPPED_STEPS else Response.SKIP
            case "rollback":
                return self._roll_back()
            case _:
                assert_never(self._policy)

    def _roll_back(self) -> Response:
        self._num_rollbacks += 1
        if not self._snapshots or self._num_rollbacks > MAX_ROLLBACKS:
            return Response.END
        weights, optimizer_state = self._snapshots[0]
        with torch.no_grad():
            for weight, earlier in zip(self._weights, weights, strict=True):
                weight.copy_(earlier)
        self._optimizer.load_state_dict(copy.deepcopy(optimizer_state))
        self._snapshots = self._snapshots[:1]
        self.rate_factor /= 2
        return Response.SKIP

    def _snapshot(self) -> tuple[list[Tensor], dict[str, Any]]:
        weights = [weight.detach().clone() for weight in self._weights]
        return weights, copy.deepcopy(self._optimizer.state_dict())

    def notes(self) -> GuardNotes:
        return GuardNotes(
            rate_factor=self.rate_factor,
            num_skipped=self._num_skipped,
            num_rollbacks=self._num_rollbacks,
            num_snapshots=len(self._snapshots),
        )

    def tensors(self) -> Mapping[str, Tensor]:
        """The saved states, named as in a checkpoint."""
        found: dict[str, Tensor] = {}
        for number, (weights, state) in enumerate(self._snapshots):
            under = f"{SNAPSHOT}/{number}"
            found |= {f"{under}/{WEIGHTS}/{i}": weight for i, weight in enumerate(weights)}
            found |= optimizer_tensors(state, under=f"{under}/{OPTIMIZER}")
        return found

    def restore(self, checkpoint: Checkpoint) -> None:
        notes = checkpoint.notes.guard
        self.is_origin_known = checkpoint.notes.is_origin_known
        self.rate_factor = notes.rate_factor
        self._num_skipped, self._num_rollbacks = notes.num_skipped, notes.num_rollbacks
        self._snapshots = []
        for number in range(notes.num_snapshots):
            saved = checkpoint.part(f"{SNAPSHOT}/{number}/{WEIGHTS}")
            weights = [
                saved[str(index)].to(weight.device) for index, weight in enumerate(self._weights)
            ]
            state = optimizer_state(
                self._optimizer, checkpoint.part(f"{SNAPSHOT}/{number}/{OPTIMIZER}")
            )
            self._snapshots.append((weights, state))
