"""All errors of the service, in one tree. The API assigns HTTP statuses to them.

ClinicError
├── NotFound
├── Unauthenticated
├── Forbidden
│   └── WorkspaceSuspended
├── InvalidInput              (with a list of problems: pointer, detail, code)
│   ├── InvalidSpec
│   ├── InvalidData           (an upload, or data that does not fit a spec)
│   └── IdempotencyMismatch
├── Conflict
│   ├── IllegalTransition
│   ├── IdempotencyInFlight
│   ├── InUse
│   ├── LastAdminKey
│   ├── NoWeights
│   ├── TelemetryDropped
│   ├── CheckpointDamaged
│   ├── NothingToTry
│   └── TrialInProgress
├── FileDamaged               (a stored file differs from what was written)
├── ArtifactsUnavailable      (the artifact folder is full, read-only or gone)
├── TooLarge
├── Overloaded
│   ├── TooManyRequests
│   └── QuotaReached          (with the numbers of the quota)
│       ├── QueueFull
│       └── TooManyRuns
├── Unavailable
├── Fenced                    (the run no longer belongs to the attempt)
└── Misconfigured             (the environment, the home folder or a port prevents a start)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Self

#: Maximum number of problems in one answer.
MAX_PROBLEMS = 20


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One error in an input, and its place."""

    #: JSON pointer into the body, or `query/<name>`, `header/<name>`, `row/<n>/<column>`.
    pointer: str
    detail: str
    #: A stable code that clients may compare.
    code: str

    def __str__(self) -> str:
        """Returns the problem for people to read; an empty pointer means the whole body."""
        return f"{self.pointer}: {self.detail}" if self.pointer else self.detail


class ClinicError(Exception):
    """Something went wrong in Gradient Clinic."""

    #: A stable code that clients may compare.
    code = "error"

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(self.detail)


class NotFound(ClinicError):
    """This workspace has no such resource."""

    code = "not_found"


class Unauthenticated(ClinicError):
    """A valid API key is required: send `Authorization: Bearer <key>`."""

    code = "unauthenticated"


class Forbidden(ClinicError):
    """This API key does not have the scope that the request needs."""

    code = "missing_scope"


class WorkspaceSuspended(Forbidden):
    """The operator has suspended this workspace: its keys open nothing until it is resumed."""

    code = "workspace_suspended"


class InvalidInput(ClinicError):
    """The request is not valid."""

    code = "invalid_input"

    def __init__(self, detail: str | None = None, *, problems: Iterable[Problem] = ()) -> None:
        """Keeps the first MAX_PROBLEMS of `problems`."""
        super().__init__(detail)
        self.problems = tuple(islice(problems, MAX_PROBLEMS))

    @classmethod
    def at(cls, pointer: str, detail: str, *, code: str) -> Self:
        """Returns the error for one place."""
        return cls(detail, problems=[Problem(pointer=pointer, detail=detail, code=code)])


class InvalidSpec(InvalidInput):
    """The job spec is not valid."""

    code = "invalid_spec"


class InvalidData(InvalidInput):
    """The data does not fit the request."""

    code = "invalid_data"


class IdempotencyMismatch(InvalidInput):
    """This Idempotency-Key was used before with another request body."""

    code = "idempotency_key_reused"


class Conflict(ClinicError):
    """The request does not fit the current state."""

    code = "conflict"


class IllegalTransition(Conflict):
    """The run cannot change from its present status to the requested one."""

    code = "illegal_transition"


class IdempotencyInFlight(Conflict):
    """Another request with this Idempotency-Key is in progress; try again shortly."""

    code = "idempotency_in_flight"


class InUse(Conflict):
    """Runs that have not ended still use this resource."""

    code = "in_use"


class LastAdminKey(Conflict):
    """This admin key has no successor; create one with the same scopes and lifetime first."""

    code = "last_admin_key"


class NoWeights(Conflict):
    """The run has no weights to predict with."""

    code = "no_weights"


class FileDamaged(ClinicError):
    """The stored file is damaged and is not sent: its SHA-256 differs from that of the original."""

    code = "file_damaged"


class TelemetryDropped(Conflict):
    """The run's readings were dropped because of their age; its diagnosis is kept."""

    code = "telemetry_dropped"


class CheckpointDamaged(Conflict):
    """No checkpoint of the run can be read: the files are missing, or differ from the originals."""

    code = "checkpoint_damaged"


class NothingToTry(Conflict):
    """No remedy is advised for this run, so that there is nothing to try."""

    code = "nothing_to_try"


class TrialInProgress(Conflict):
    """The run has a trial that has not ended; wait for its end, or cancel it."""

    code = "trial_in_progress"


class ArtifactsUnavailable(ClinicError):
    """The artifact folder is full, read-only or gone; try again later."""

    code = "artifacts_unavailable"


class TooLarge(ClinicError):
    """The request is larger than this service accepts."""

    code = "too_large"


class Overloaded(ClinicError):
    """A quota or limit is reached; try again later."""

    code = "overloaded"


class TooManyRequests(Overloaded):
    """Too many requests in too short a time; try again after `Retry-After`."""

    code = "too_many_requests"

    def __init__(self, *, limit: str, most: int, window_s: int, retry_after_s: float) -> None:
        meaning = (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(f"{meaning} The limit of the {limit} is {most} in {window_s} s.")
        #: Whose limit it is, for example `key`.
        self.limit = limit
        self.most = most
        self.window_s = window_s
        self.retry_after_s = retry_after_s


class QuotaReached(Overloaded):
    """This workspace's quota is used up; delete what is not needed, or request a larger quota."""

    code = "quota_reached"

    #: Seconds after which the quota is refilled in part; None where time alone does not help.
    retry_after_s: float | None = None
    #: The time for which the quota is, where it is one of a rate.
    window_s: int | None = None

    def __init__(self, *, quota: str, most: int, used: int, wanted: int) -> None:
        meaning = (type(self).__doc__ or "").strip().splitlines()[0]
        request = f", and the request needs {wanted} more" if wanted else ""
        super().__init__(f"{meaning} {quota}: {used} of {most} are used{request}.")
        #: Name of the quota, for example `queued-runs`.
        self.quota = quota
        self.most = most
        self.used = used
        self.wanted = wanted

    @property
    def num_left(self) -> int:
        return max(0, self.most - self.used)


class QueueFull(QuotaReached):
    """This workspace's queue is full; try again when some of its runs have started."""

    code = "queue_full"

    def __init__(self, *, most: int, used: int) -> None:
        super().__init__(quota="queued-runs", most=most, used=used, wanted=1)


class TooManyRuns(QuotaReached):
    """This workspace has submitted as many runs in the last hour as its quota allows."""

    code = "too_many_runs"
    window_s = 3600

    def __init__(self, *, most: int, used: int, retry_after_s: float) -> None:
        super().__init__(quota="runs-per-hour", most=most, used=used, wanted=1)
        self.retry_after_s = retry_after_s


class Unavailable(ClinicError):
    """A part that the service needs cannot be reached; try again shortly."""

    code = "unavailable"


class Fenced(ClinicError):
    """The run no longer belongs to this attempt: another worker claimed it, or it has ended."""

    code = "fenced"


class Misconfigured(ClinicError):
    """The environment prevents this process from starting."""

    code = "misconfigured"
