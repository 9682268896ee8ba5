"""How a run goes on: the bodies of resume and fork."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, Strict

from app.domain.specs.base import MAX_INT, WHOLE, NumSteps, Positive
from app.services.runs.fork_run import ForkRequest

Step = Annotated[int, Strict(), Field(ge=0, le=MAX_INT), WHOLE]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Resumption(_Body):
    """What an ended run goes on with."""

    num_steps: NumSteps | None = None
    """All steps, those done included; null leaves them as they are."""
    time_limit_s: Positive | None = None
    """All seconds of training, those used up included; null leaves the limit as it is."""


class ForkBody(_Body):
    """From where a fork starts, and what is different in it."""

    from_step: Step | None = None
    """A step with a checkpoint, or 0 for the start; null: the last checkpoint. Weights that are
    not finite are never saved, so that it is from before the first bad step."""
    patch: dict[str, JsonValue] = {}
    """Merge patch (RFC 7396) of optimizer, clipping, regularization, training (bar the seed) and
    probes; an object with another `kind` replaces the whole."""
    optimizer_state: Literal["keep", "reset"] | None = None
    """Null: kept, unless the patch changes the optimizer's kind."""

    def request(self) -> ForkRequest:
        return ForkRequest(
            from_step=self.from_step, patch=self.patch, optimizer_state=self.optimizer_state
        )
