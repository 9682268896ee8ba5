"""Everything that the service can refuse or fail at, one tree; HTTP statuses live at the edge.

ClinicError
├── NotFound
├── Unauthenticated
├── Forbidden
├── InvalidInput              (carries problems: where, what, code)
│   ├── InvalidSpec
│   ├── InvalidData           (an upload, or data that cannot serve a spec)
│   └── IdempotencyMismatch
├── Conflict
│   ├── IllegalTransition
│   ├── IdempotencyInFlight
│   ├── InUse
│   └── TelemetryDropped
├── FileDamaged               (a stored file is not what was written)
├── TooLarge
├── Overloaded
│   └── QuotaReached          (carries the quota's numbers)
│       └── QueueFull
├── Unavailable
├── Fenced                    (a worker's attempt is no longer the run's)
└── Misconfigured             (the environment, the home or a port does not let a process start)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

#: Problems that one answer names. They are enough to correct an input, and bound the answer.
MAX_PROBLEMS = 20


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with an input, and where."""

    #: JSON pointer into the body, or `query/<name>`, `header/<name>`, `row/<n>/<column>`.
    pointer: str
    detail: str
    #: A stable word a client may switch on.
    code: str

    def __str__(self) -> str:
        """For people; an empty pointer is the whole body."""
        return f"{self.pointer}: {self.detail}" if self.pointer else self.detail


class ClinicError(Exception):
    """Something went wrong in Gradient Clinic."""

    #: A stable word a client may switch on.
    code = "error"

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(self.detail)


class NotFound(ClinicError):
    """There is no such thing in this workspace."""

    code = "not_found"


class Unauthenticated(ClinicError):
    """A valid API key is needed: send `Authorization: Bearer <key>`."""

    code = "unauthenticated"


class Forbidden(ClinicError):
    """This API key lacks the scope that the call needs."""

    code = "missing_scope"


class InvalidInput(ClinicError):
    """The request is not valid."""

    code = "invalid_input"

    def __init__(self, detail: str | None = None, *, problems: Iterable[Problem] = ()) -> None:
        """Takes no more than the first MAX_PROBLEMS of `problems`."""
        super().__init__(detail)
        self.problems = tuple(islice(problems, MAX_PROBLEMS))


class InvalidSpec(InvalidInput):
    """The job spec is not valid."""

    code = "invalid_spec"


class InvalidData(InvalidInput):
    """The data cannot be used as asked."""

    code = "invalid_data"


class IdempotencyMismatch(InvalidInput):
    """This Idempotency-Key was used before with another request body."""

    code = "idempotency_key_reused"


class Conflict(ClinicError):
    """The request does not fit the current state."""

    code = "conflict"


class IllegalTransition(Conflict):
    """The run cannot go from its present status to the one asked for."""

    code = "illegal_transition"


class IdempotencyInFlight(Conflict):
    """A request with this Idempotency-Key is still being answered; try again shortly."""

    code = "idempotency_in_flight"


class InUse(Conflict):
    """Runs that have not ended still need this."""

    code = "in_use"


class FileDamaged(ClinicError):
    """The stored file is not what was written: its SHA-256 differs, so that it is not sent."""

    code = "file_damaged"


class TelemetryDropped(Conflict):
    """The run's readings were dropped because of their age; what was found in them is kept."""

    code = "telemetry_dropped"


class TooLarge(ClinicError):
    """The request is larger than this service takes."""

    code = "too_large"


class Overloaded(ClinicError):
    """A quota or limit is reached; try again later."""

    code = "overloaded"


class QuotaReached(Overloaded):
    """This workspace has used up its quota; delete what is not needed, or ask for more."""

    code = "quota_reached"

    def __init__(self, *, quota: str, most: int, used: int, wanted: int) -> None:
        meaning = (type(self).__doc__ or "").strip().splitlines()[0]
        asked = f", and {wanted} more are asked for" if wanted else ""
        super().__init__(f"{meaning} {quota}: {used} of {most} are taken{asked}.")
        #: What is counted, for example `queued-runs`.
        self.quota = quota
        self.most = most
        self.used = used
        self.wanted = wanted

    @property
    def num_left(self) -> int:
        return max(0, self.most - self.used)


class QueueFull(QuotaReached):
    """As many runs of this workspace are queued as may be; try again when some have started."""

    code = "queue_full"

    def __init__(self, *, most: int, used: int) -> None:
        super().__init__(quota="queued-runs", most=most, used=used, wanted=1)


class Unavailable(ClinicError):
    """A part that the service needs cannot be reached; try again shortly."""

    code = "unavailable"


class Fenced(ClinicError):
    """This attempt is no longer the run's: another worker has it, or it has ended."""

    code = "fenced"


class Misconfigured(ClinicError):
    """The environment does not let this process start."""

    code = "misconfigured"
