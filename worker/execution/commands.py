"""Commands and messages between a worker and its children, and the children's exit codes."""

from enum import IntEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.domain.specs.job import JobSpec

#: From the worker to a child: stop training, keep the readings, end the run as cancelled.
CANCEL = b"c"
#: From the worker to a child: stop training, and end the run at a critical finding.
STOP = b"s"
#: From the worker to a child: stop training and leave a checkpoint, without an end of the run.
PAUSE = b"p"
#: From a child to its worker: training makes progress.
PROGRESS = b"."
#: From a child to its worker: training waits because the database accepts no readings.
WAITING = b"w"


class TrainCommand(BaseModel):
    """Train one attempt of a run."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["train"] = "train"
    run_id: UUID
    workspace_id: UUID
    attempt: int
    spec: JobSpec
    #: Torch's name of the device. The worker has resolved `auto`.
    device: str
    #: Number of steps of a preflight; None trains as the spec says.
    preflight_steps: int | None = None


class Device(BaseModel):
    """A device of the worker."""

    model_config = ConfigDict(frozen=True)

    #: As torch names it.
    name: str
    #: Of the machine or container for `cpu`, of the GPU for others.
    memory_bytes: int
    #: Measured seconds of a step over those of the estimate's formula, of the device that `auto`
    #: prefers; None for the others.
    slowness: float | None = None


class ListDevicesCommand(BaseModel):
    """List the devices. A child does it, because only a child may initialise CUDA."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["list_devices"] = "list_devices"


class PredictCommand(BaseModel):
    """Compute one attempt of a prediction by the weights of a run."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["predict"] = "predict"
    prediction_id: UUID
    attempt: int


AnyCommand = TrainCommand | ListDevicesCommand | PredictCommand
Command = Annotated[AnyCommand, Field(discriminator="kind")]
COMMANDS: TypeAdapter[AnyCommand] = TypeAdapter(Command)
DEVICES: TypeAdapter[tuple[Device, ...]] = TypeAdapter(tuple[Device, ...])


class ExitCode(IntEnum):
    """Exit codes of a child that was not killed by a signal."""

    #: The end of the run, or of the prediction, is stored.
    DONE = 0
    #: The worker told the child to pause; another attempt continues the run.
    PAUSED = 69
    #: The run is queued again and held until the artifact folder can take its files.
    HELD = 73
    #: The end of the run could not be stored; another attempt must end it.
    UNFINISHED = 70
    #: The run belongs to another attempt.
    FENCED = 75
