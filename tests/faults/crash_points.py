"""The named moments at which a process of the clinic can be made to die, sleep or fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy.exc
from kombu.exceptions import OperationalError as BrokerError

from app.domain.errors import Unavailable


class Role(StrEnum):
    """Whose processes a point is in."""

    API = "api"
    WORKER = "worker"
    TRAINER = "trainer"


class Kind(StrEnum):
    """What happens at a point."""

    KILL = "SIGKILL"
    #: All processes of the worker, for longer than the lease.
    STOP = "SIGSTOP"
    RAISE = "exception"


class Scene(StrEnum):
    """What has to go on for a point to be reached."""

    TRAIN = "a run is trained"
    LOSE = "a training process was killed"
    CANCEL = "a run is cancelled"
    POST = "a run is posted"


def lost_connection() -> Exception:
    """Inside a transaction."""
    return sqlalchemy.exc.OperationalError("injected", None, Exception("the connection was lost"))


def no_answer() -> Exception:
    """Of a transaction that was committed all the same."""
    return Unavailable("injected: the answer was lost")


def full_disk() -> Exception:
    return OSError(28, "injected: no space left on device")


def broken_code() -> Exception:
    return RuntimeError("injected: the code is broken")


def no_broker() -> Exception:
    return BrokerError("injected: the broker is away")


@dataclass(frozen=True, kw_only=True)
class Point:
    """A call of one function: the moment before it, or after it has returned."""

    role: Role
    #: Where the caller looks the function up.
    module: str
    name: str
    is_after: bool
    #: What the exception is, as that moment really brings it about.
    error: Callable[[], Exception]
    scene: Scene = Scene.TRAIN
    #: The injected exception ends the run as crashed: it is one of the run's own code.
    may_crash: bool = False
    #: Calls to let pass before.
    num_passed: int = 0


POINTS: Mapping[str, Point] = {
    "post stored, not committed": Point(
        role=Role.API,
        module="app.api.runs.runs",
        name="submit_run",
        is_after=True,
        error=lost_connection,
        scene=Scene.POST,
    ),
    "post committed, notification not sent": Point(
        role=Role.API,
        module="celery",
        name="Celery.send_task",
        is_after=False,
        error=no_broker,
        scene=Scene.POST,
    ),
    "claim not committed": Point(
        role=Role.WORKER,
        module="worker.supervision.run_records",
        name="claim_run",
        is_after=True,
        error=lost_connection,
    ),
    "claimed, nothing started": Point(
        role=Role.WORKER,
        module="worker.supervision.run_slots",
        name="claim",
        is_after=True,
        error=no_answer,
    ),
    "training process started": Point(
        role=Role.WORKER,
        module="worker.supervision.children",
        name="ForkServer.spawn",
        is_after=True,
        error=no_answer,
    ),
    "heartbeat not committed": Point(
        role=Role.WORKER,
        module="worker.supervision.run_records",
        name="renew_lease",
        is_after=True,
        error=lost_connection,
    ),
    "loss of a process not committed": Point(
        role=Role.WORKER,
        module="worker.supervision.run_records",
        name="rescue_run",
        is_after=True,
        error=lost_connection,
        scene=Scene.LOSE,
    ),
    "begin not committed": Point(
        role=Role.TRAINER,
        module="worker.execution.execute",
        name="begin_run",
        is_after=True,
        error=lost_connection,
    ),
    "in the middle of a step": Point(
        role=Role.TRAINER,
        module="worker.training.learner",
        name="Learner.update",
        is_after=True,
        error=broken_code,
        may_crash=True,
        num_passed=70,
    ),
    "batch not committed": Point(
        role=Role.TRAINER,
        module="worker.execution.execute",
        name="record_batch",
        is_after=True,
        error=lost_connection,
        num_passed=2,
    ),
    "batch committed, not acknowledged": Point(
        role=Role.TRAINER,
        module="worker.execution.execute",
        name="Execution._record",
        is_after=True,
        error=no_answer,
        num_passed=2,
    ),
    "checkpoint written, not renamed": Point(
        role=Role.TRAINER,
        module="pathlib",
        name="Path.rename",
        is_after=False,
        error=full_disk,
        num_passed=1,
    ),
    "checkpoint renamed, no row": Point(
        role=Role.TRAINER,
        module="app.artifacts",
        name="ArtifactFolder.write",
        is_after=True,
        error=full_disk,
        num_passed=1,
    ),
    "checkpoint's row not committed": Point(
        role=Role.TRAINER,
        module="worker.execution.saving",
        name="record_checkpoint",
        is_after=True,
        error=lost_connection,
        num_passed=1,
    ),
    "checkpoint's row committed": Point(
        role=Role.TRAINER,
        module="worker.execution.saving",
        name="Checkpoints._remove_all_but",
        is_after=False,
        error=no_answer,
        num_passed=1,
    ),
    "about to go on from a checkpoint": Point(
        role=Role.TRAINER,
        module="worker.execution.saving",
        name="Checkpoints.record_continuation",
        is_after=False,
        error=no_answer,
        scene=Scene.LOSE,
    ),
    "cancelled, not saved": Point(
        role=Role.TRAINER,
        module="worker.training.loop",
        name="TrainingLoop._run_ends",
        is_after=False,
        error=broken_code,
        scene=Scene.CANCEL,
        may_crash=True,
    ),
    "run judged, end not stored": Point(
        role=Role.TRAINER,
        module="app.services.attempts.finish_run",
        name="_store",
        is_after=False,
        error=no_answer,
    ),
    "end not committed": Point(
        role=Role.TRAINER,
        module="app.services.attempts.finish_run",
        name="finish",
        is_after=True,
        error=lost_connection,
    ),
    "end committed, process still there": Point(
        role=Role.TRAINER,
        module="worker.execution.execute",
        name="Execution._finish",
        is_after=True,
        error=no_answer,
    ),
}
