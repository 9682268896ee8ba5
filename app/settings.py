"""What the environment says, read once at the start of a process and passed down, frozen.

A field `slots` is the variable `CLINIC_SLOTS`. `Settings` is for the API and the workers, which
cannot run without a database, a broker and a secret. `Serving` is for `clinic serve`, which can
start the servers and make the secret itself.
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from platformdirs import user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app.domain.errors import Misconfigured
from app.domain.quotas import Quotas
from app.domain.time_limits import TimeLimits

PREFIX = "CLINIC_"
MIB = 2**20
DAY_S = 86_400
#: 128 bits, when the secret is hexadecimal.
MIN_SECRET_CHARACTERS = 32
#: Judging a run inside a transaction takes seconds on a busy machine.
SHORTEST_STALL_S = 10.0
#: What `timing` fast sets, except for variables that are set themselves.
FAST_TIMING = {"heartbeat_s": 1.0, "lease_s": 4.0, "sweep_s": 1.0}
_USUAL_QUOTAS = Quotas()


def database_dialect(url: str) -> str:
    """The URL for psycopg, the store's driver, from one that names it or PostgreSQL alone.

    Raises ValueError for other schemes than postgres, postgresql and postgresql+psycopg.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        detail = "must start with postgresql+psycopg://"
        raise ValueError(detail)
    return f"postgresql+psycopg://{rest}"


def count_cores() -> int:
    """Cores that this process may use; all cores where the system does not tell."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1


def _absolute(path: Path) -> Path:
    """Child processes may run in another folder."""
    return path.expanduser().absolute()


def _network(text: str) -> str:
    """The network in its usual form. Raises ValueError."""
    return str(ipaddress.ip_network(text, strict=False))


def _words(value: object) -> object:
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


Folder = Annotated[Path, AfterValidator(_absolute)]
Seconds = Annotated[float, Field(gt=0, le=DAY_S)]
#: Seconds of training.
TrainingSeconds = Annotated[float, Field(gt=0, le=366 * DAY_S)]
Count = Annotated[int, Field(ge=1, le=2**40)]
Amount = Annotated[int, Field(ge=1, le=2**62)]
Network = Annotated[str, AfterValidator(_network)]
DatabaseUrl = Annotated[str, AfterValidator(database_dialect)]


class HomeSettings(BaseSettings):
    """Where the service keeps its data, and how settings are read."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_prefix=PREFIX,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    home: Folder = Field(default_factory=lambda: user_data_path("gradient-clinic"))
    """The data folder; by default the user's."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Raises Misconfigured, which names the first wrong variable. An empty one is unset."""
        source = EnvSettingsSource(cls)
        source.env_vars = {name.lower(): value for name, value in environ.items() if value}
        given = source()
        try:
            return cls(**given)
        except ValidationError as error:
            raise Misconfigured(_complaint(error, cls, given)) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - these names are the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments alone: `read` is given the environment, and nothing else looks at it."""
        return (init_settings,)


class AccountSettings(HomeSettings):
    """What a command needs that manages API keys."""

    secret: str = Field(min_length=MIN_SECRET_CHARACTERS, repr=False)
    """Keys the HMAC under which API keys are stored; it has no default."""
    database_url: DatabaseUrl = Field(repr=False)
    """`postgresql+psycopg://…`."""


class Settings(AccountSettings):
    """The settings of one API or worker process."""

    broker_url: str = Field(min_length=1, repr=False)
    """`redis://…`."""
    artifacts: Folder | None = None
    """Folder of the files of runs, which the API and all workers reach; by default in the home."""
    checkpoint_every_s: Seconds = 60.0
    """Seconds of training between two checkpoints."""
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = ()
    """Origins whose pages may call the API, separated by commas."""
    slots: int = Field(default_factory=count_cores, ge=1, le=1024)
    """Runs that one worker trains at the same time; by default as many as it has cores."""
    threads_per_run: int = Field(default=1, ge=1, le=256)
    """Intra-op threads of one run. Another number changes the bits of a run."""
    max_crashes: Count = 3
    """A run is failed when its process or worker has died this often since its last checkpoint."""
    timing: Literal["default", "fast"] = "default"
    """How fast a lost worker is noticed: sets the heartbeat, the lease and the sweep."""
    heartbeat_s: Seconds = 5.0
    """Seconds between two signs of life of a running run."""
    lease_s: Seconds = 20.0
    """A run without a sign of life for this long goes back to the queue. At least 3 heartbeats."""
    sweep_s: Seconds = 2.0
    """Seconds between two searches for lost runs and lost wake-up messages."""
    database_pool_size: int = Field(default=20, ge=1, le=1000)
    """Connections to the database that one process may hold."""
    database_pool_timeout_s: Seconds = 1.5
    """Seconds that a caller waits for a connection before it is answered 503."""
    requests_per_s: float = Field(default=200.0, ge=0.1, le=1e6)
    """Requests per second of one key; as many as in 10 s may come at once."""
    address_requests_per_s: float = Field(default=400.0, ge=0.1, le=1e6)
    """Requests per second from one address."""
    anonymous_requests_per_s: float = Field(default=50.0, ge=0.1, le=1e6)
    """Requests per second from one address without a key that is known to be valid."""
    requests_at_once: int = Field(default=10, ge=1, le=1000)
    """Requests of one key that are worked on at the same time; further ones wait."""
    streams_per_key: int = Field(default=250, ge=1, le=1000)
    """Event streams and requests that wait for the end of a run, of one key."""
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_words)] = ()
    """Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    access_log: bool = True
    """Whether the API writes a line for each request into `logs/access.jsonl` in the home."""
    max_connections: int | None = Field(default=None, ge=1, le=1_000_000)
    """Open connections of one API process, at most as many as it has descriptors for."""
    head_timeout_s: Seconds = 10.0
    """Seconds in which the head of a request must arrive."""
    body_timeout_s: Seconds = 20.0
    """Seconds without progress of a body, in either direction, that end a connection."""
    idle_timeout_s: Seconds = 60.0
    """Seconds that a connection is kept between two requests."""
    max_body_bytes: Count = MIB
    """The largest JSON body."""
    max_upload_bytes: Count = 64 * MIB
    """The largest uploaded data set."""
    max_queued_runs: Amount = _USUAL_QUOTAS.max_queued_runs
    """Queued runs of a workspace without a quota of its own."""
    max_running_runs: Amount = _USUAL_QUOTAS.max_running_runs
    """Running runs of a workspace without a quota of its own."""
    max_rows: Amount = _USUAL_QUOTAS.max_rows
    """Rows of telemetry of a workspace without a quota of its own."""
    max_storage_bytes: Amount = _USUAL_QUOTAS.max_storage_bytes
    """Stored bytes of a workspace without a quota of its own."""
    max_runs_per_hour: int | None = Field(default=None, ge=1, le=2**31 - 1)
    """Runs that a workspace submits in an hour; by default ten times its queued runs, or 60."""
    max_preflights: Amount = _USUAL_QUOTAS.max_preflights
    """Preflights that have not ended of a workspace without a quota of its own."""
    preflight_time_limit_s: Seconds = 300.0
    """Seconds after which a preflight is stopped."""
    default_time_limit_s: TrainingSeconds | None = None
    """Seconds of training of a run whose spec has no time limit."""
    max_time_limit_s: TrainingSeconds | None = None
    """The largest time limit of a run, which also is its default where none is set."""
    max_pending_bytes: Count = 64 * MIB
    """Readings that a run holds in memory while the database is away; above it training waits."""
    retention_days: int | None = Field(default=None, ge=1, le=100_000)
    """Days after which the readings of ended runs are dropped, one month of runs at a time."""
    audit_retention_days: int = Field(default=365, ge=1, le=100_000)
    """Days after which a record of the audit log is deleted."""
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda text: text.upper())
    ] = "INFO"
    """The least severe messages that are logged."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in_timing(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {**FAST_TIMING, **given} if given.get("timing") == "fast" else given

    @model_validator(mode="after")
    def _lease_outlasts_heartbeats(self) -> Self:
        if self.lease_s < 3 * self.heartbeat_s:
            detail = "CLINIC_LEASE_S must be at least three times CLINIC_HEARTBEAT_S"
            raise ValueError(detail)
        return self

    @model_validator(mode="after")
    def _default_time_limit_is_allowed(self) -> Self:
        default_s, max_s = self.default_time_limit_s, self.max_time_limit_s
        if default_s is not None and max_s is not None and default_s > max_s:
            detail = "CLINIC_DEFAULT_TIME_LIMIT_S must be at most CLINIC_MAX_TIME_LIMIT_S"
            raise ValueError(detail)
        return self

    @property
    def artifact_root(self) -> Path:
        return self.artifacts or self.home / "artifacts"

    @property
    def stalled_after_s(self) -> float:
        """After so many silent seconds in a transaction, when its lease is over, a session ends."""
        return max(self.lease_s, SHORTEST_STALL_S)

    @property
    def quotas(self) -> Quotas:
        """Of a workspace that has none of its own."""
        return Quotas(
            max_queued_runs=self.max_queued_runs,
            max_running_runs=self.max_running_runs,
            max_rows=self.max_rows,
            max_storage_bytes=self.max_storage_bytes,
            max_preflights=self.max_preflights,
            max_runs_per_hour=self.max_runs_per_hour,
        )

    @property
    def time_limits(self) -> TimeLimits:
        """Of runs."""
        return TimeLimits(default_s=self.default_time_limit_s, max_s=self.max_time_limit_s)


class Serving(HomeSettings):
    """What `clinic serve` starts, and where."""

    host: str = "127.0.0.1"
    """Address on which the API listens."""
    port: int = Field(default=8000, ge=0, le=65_535)
    """0 picks a free port, which the file `address` in the home then tells."""
    workers: int = Field(default=1, ge=0, le=64)
    """Worker processes; 0 leaves the training to other machines."""
    slots: int = Field(default_factory=count_cores, ge=1, le=1024)
    """Runs that one worker trains at the same time; by default as many as it has cores."""
    database_url: DatabaseUrl | None = Field(default=None, repr=False)
    """With a broker's URL: no server is embedded."""
    broker_url: str | None = Field(default=None, repr=False)
    """With a database's URL: no server is embedded."""
    secret: str | None = Field(default=None, min_length=MIN_SECRET_CHARACTERS, repr=False)
    """Made at the first start when the servers are embedded."""

    @model_validator(mode="after")
    def _servers_are_embedded_together(self) -> Self:
        if (self.database_url is None) != (self.broker_url is None):
            detail = "Set CLINIC_DATABASE_URL and CLINIC_BROKER_URL both, or neither to embed them"
            raise ValueError(detail)
        if self.database_url is not None and self.secret is None:
            detail = "CLINIC_SECRET must be set"
            raise ValueError(detail)
        return self


def _complaint(error: ValidationError, settings: type[BaseSettings], given: dict[str, Any]) -> str:
    """What is wrong with the first wrong variable; the value of a secret is left out."""
    first = error.errors(include_input=False, include_context=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{message}."
    name = str(first["loc"][0])
    variable = f"{PREFIX}{name.upper()}"
    if first["type"] == "missing":
        return f"{variable} must be set."
    shown = f", not {given[name]!r}" if settings.model_fields[name].repr else ""
    return f"{variable}: {message}{shown}."
