"""The bodies of resume and fork."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from app.api.models.request import Patch, RequestModel
from app.domain.specs.base import MAX_INT, WHOLE, NumSteps, Positive
from app.services.runs.fork_run import ForkRequest

Step = Annotated[int, Strict(), Field(ge=0, le=MAX_INT), WHOLE]


class Resumption(RequestModel):
    """Limits under which an ended run continues."""

    num_steps: NumSteps | None = None
    """Total number of steps, including those done. Null: unchanged."""
    time_limit_s: Positive | None = None
    """Total seconds of training, including those used. Null: unchanged."""


class ForkBody(RequestModel):
    """The step at which a fork starts, and its changes of the job spec."""

    from_step: Step | Literal["best"] | None = None
    """A step with a checkpoint, 0 for the start, or `best`: the step with the best validation
    score, whose checkpoint is kept. Null: the last checkpoint, which is from before the first
    non-finite step, since only finite weights are saved."""
    patch: Patch = Field(default={})
    """Merge patch (RFC 7396) of optimizer, clipping, regularization, training (except the seed) and
    probes. An object with another `kind` replaces the present one."""
    optimizer_state: Literal["keep", "reset"] | None = None
    """Null: `keep`, or `reset` where the patch changes the optimizer's kind."""

    def request(self) -> ForkRequest:
        return ForkRequest(
            from_step=self.from_step, patch=self.patch, optimizer_state=self.optimizer_state
        )
