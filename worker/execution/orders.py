"""What a worker tells its children to do, and how they say what became of it."""

from enum import IntEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.domain.specs.job import JobSpec

#: From the worker to a child: stop training, keep what was measured, end as cancelled.
CANCEL = b"c"
#: From the worker to a child: stop training, leave a checkpoint, and end nothing.
PAUSE = b"p"
#: From a child to its worker: training has moved on.
TICK = b"."
#: From a child to its worker: training stands still until the database takes more readings.
WAIT = b"w"


class TrainOrder(BaseModel):
    """Train one run under one attempt."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["train"] = "train"
    run_id: UUID
    workspace_id: UUID
    attempt: int
    spec: JobSpec
    #: As torch names it: the worker has decided what `auto` means.
    device: str
    #: Stop after so many; None trains as the spec says.
    preflight_steps: int | None = None


class ListDevicesOrder(BaseModel):
    """Say which devices there are; only a child may wake CUDA."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["list_devices"] = "list_devices"


Order = Annotated[TrainOrder | ListDevicesOrder, Field(discriminator="kind")]
ORDERS: TypeAdapter[TrainOrder | ListDevicesOrder] = TypeAdapter(Order)
DEVICES: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[str, ...])


class ExitCode(IntEnum):
    """How a child ends of its own accord; a negative code is the signal that killed it."""

    #: The run has ended in the database, for whatever reason.
    DONE = 0
    #: It has stopped training where it was told to pause; the run is to go on elsewhere.
    PAUSED = 69
    #: It could not write the end of its run: another attempt must.
    UNFINISHED = 70
    #: Its attempt is no longer the run's; it has written nothing since.
    FENCED = 75
