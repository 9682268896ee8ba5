"""What the environment says, read once at the start of a process and passed down, frozen.

`Settings` is for the API and the workers, which cannot run without a database, a broker and a
secret. `Serving` is for `clinic serve`, which can start all three itself.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from platformdirs import user_data_path

from app.domain.errors import Misconfigured
from app.domain.quotas import Quotas

MIB = 2**20
DAY_S = 86_400
#: 128 bits, when the secret is hexadecimal.
MIN_SECRET_CHARACTERS = 32
#: Judging a run inside a transaction takes seconds on a busy machine.
SHORTEST_STALL_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How fast a lost worker is noticed; the lease is at least three heartbeats long."""

    #: Between two signs of life of a running run (`CLINIC_HEARTBEAT_S`).
    heartbeat_s: float = 5.0
    #: A run without a sign of life for so long is given back (`CLINIC_LEASE_S`).
    lease_s: float = 20.0
    #: Between two looks for lost and forgotten runs (`CLINIC_SWEEP_S`).
    sweep_s: float = 2.0

    @property
    def stalled_after_s(self) -> float:
        """A process that is silent in the middle of a transaction for so long loses its session.

        After a lease it only keeps others from the run that it had.
        """
        return max(self.lease_s, SHORTEST_STALL_S)


#: `CLINIC_TIMING` names one of these; the three variables above override its parts.
TIMINGS = {"default": Timing(), "fast": Timing(heartbeat_s=1.0, lease_s=4.0, sweep_s=1.0)}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one API or worker process."""

    #: The data folder (`CLINIC_HOME`).
    home: Path
    #: Keys the HMAC under which API keys are stored (`CLINIC_SECRET`); it has no default.
    secret: str = field(repr=False)
    #: `postgresql+psycopg://…` (`CLINIC_DATABASE_URL`).
    database_url: str = field(repr=False)
    #: `redis://…` (`CLINIC_BROKER_URL`).
    broker_url: str = field(repr=False)
    #: A folder that the API and all workers reach (`CLINIC_ARTIFACTS`; default: in the home).
    artifacts: Path | None = None
    #: Seconds of training between two checkpoints (`CLINIC_CHECKPOINT_EVERY_S`).
    checkpoint_every_s: float = 60.0
    #: Origins whose pages may call the API (`CLINIC_CORS_ORIGINS`, separated by commas).
    cors_origins: tuple[str, ...] = ()
    #: Runs that one worker trains side by side (`CLINIC_SLOTS`; default: its cores).
    slots: int = 1
    #: Intra-op threads of one run (`CLINIC_THREADS_PER_RUN`); it changes the bits of a run.
    threads_per_run: int = 1
    #: A run whose training process or worker died so often since its last checkpoint is failed: it
    #: may be what kills them (`CLINIC_MAX_CRASHES`).
    max_crashes: int = 3
    timing: Timing = Timing()
    #: Connections one process may hold, and how long a caller waits for one before it is told 503
    #: (`CLINIC_DATABASE_POOL_SIZE`, `CLINIC_DATABASE_POOL_TIMEOUT_S`).
    database_pool_size: int = 20
    database_pool_timeout_s: float = 1.5
    #: The largest JSON body (`CLINIC_MAX_BODY_BYTES`).
    max_body_bytes: int = MIB
    #: The largest uploaded data set (`CLINIC_MAX_UPLOAD_BYTES`).
    max_upload_bytes: int = 64 * MIB
    #: Of a workspace that has none of its own (`CLINIC_MAX_QUEUED_RUNS`,
    #: `CLINIC_MAX_RUNNING_RUNS`, `CLINIC_MAX_ROWS`, `CLINIC_MAX_STORAGE_BYTES`).
    quotas: Quotas = field(default_factory=Quotas)
    #: Readings that a run holds in memory while the database is away
    #: (`CLINIC_MAX_PENDING_BYTES`); when they are more, training waits.
    max_pending_bytes: int = 64 * MIB
    #: Days after which the readings of ended runs are dropped, a month of runs at a time
    #: (`CLINIC_RETENTION_DAYS`; default: never).
    retention_days: int | None = None
    #: `CLINIC_LOG_LEVEL`.
    log_level: str = "INFO"

    @property
    def artifact_root(self) -> Path:
        return self.artifacts or self.home / "artifacts"


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What `clinic serve` starts, and where."""

    home: Path
    #: `CLINIC_HOST`.
    host: str = "127.0.0.1"
    #: `CLINIC_PORT`; 0 picks a free one, which `address` in the home then tells.
    port: int = 8000
    #: Worker processes (`CLINIC_WORKERS`); 0 leaves the training to other machines.
    workers: int = 1
    slots: int = 1
    #: When both are set nothing is embedded.
    database_url: str = field(default="", repr=False)
    broker_url: str = field(default="", repr=False)
    #: Made at first start when the servers are embedded.
    secret: str = field(default="", repr=False)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of an API or worker process; the first wrong variable is named."""
    return Settings(
        home=read_home(environ),
        secret=_secret(environ),
        database_url=database_dialect(_required(environ, "CLINIC_DATABASE_URL")),
        broker_url=_required(environ, "CLINIC_BROKER_URL"),
        artifacts=_folder(environ, "CLINIC_ARTIFACTS"),
        checkpoint_every_s=_seconds(environ, "CLINIC_CHECKPOINT_EVERY_S", default=60.0),
        cors_origins=_words(environ.get("CLINIC_CORS_ORIGINS", "")),
        slots=_slots(environ),
        threads_per_run=_integer(environ, "CLINIC_THREADS_PER_RUN", default=1, low=1, high=256),
        max_crashes=_integer(environ, "CLINIC_MAX_CRASHES", default=3),
        timing=_timing(environ),
        database_pool_size=_integer(
            environ, "CLINIC_DATABASE_POOL_SIZE", default=20, low=1, high=1000
        ),
        database_pool_timeout_s=_seconds(environ, "CLINIC_DATABASE_POOL_TIMEOUT_S", default=1.5),
        max_body_bytes=_integer(environ, "CLINIC_MAX_BODY_BYTES", default=MIB),
        max_upload_bytes=_integer(environ, "CLINIC_MAX_UPLOAD_BYTES", default=64 * MIB),
        quotas=_quotas(environ),
        max_pending_bytes=_integer(environ, "CLINIC_MAX_PENDING_BYTES", default=64 * MIB),
        retention_days=_retention(environ),
        log_level=_log_level(environ),
    )


def read_serving(environ: Mapping[str, str]) -> Serving:
    """What to serve; either both URLs and the secret are there, or neither URL."""
    database_url = environ.get("CLINIC_DATABASE_URL", "")
    broker_url = environ.get("CLINIC_BROKER_URL", "")
    if bool(database_url) != bool(broker_url):
        detail = "Set CLINIC_DATABASE_URL and CLINIC_BROKER_URL both, or neither to embed the two."
        raise Misconfigured(detail)
    return Serving(
        home=read_home(environ),
        host=environ.get("CLINIC_HOST") or "127.0.0.1",
        port=_integer(environ, "CLINIC_PORT", default=8000, low=0, high=65535),
        workers=_integer(environ, "CLINIC_WORKERS", default=1, low=0, high=64),
        slots=_slots(environ),
        database_url=database_dialect(database_url) if database_url else "",
        broker_url=broker_url,
        secret=_secret(environ) if database_url else environ.get("CLINIC_SECRET", ""),
    )


def read_home(environ: Mapping[str, str]) -> Path:
    """The data folder, absolute: children may run in another folder."""
    named = environ.get("CLINIC_HOME", "")
    return Path(named).expanduser().absolute() if named else user_data_path("gradient-clinic")


def database_dialect(url: str) -> str:
    """The URL under the one driver that the store uses; hosting companies hand out shorter ones."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        detail = "CLINIC_DATABASE_URL must start with postgresql+psycopg://"
        raise Misconfigured(detail)
    return f"postgresql+psycopg://{rest}"


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        detail = f"{name} must be set."
        raise Misconfigured(detail)
    return value


def _secret(environ: Mapping[str, str]) -> str:
    secret = _required(environ, "CLINIC_SECRET")
    if len(secret) < MIN_SECRET_CHARACTERS:
        detail = f"CLINIC_SECRET must have at least {MIN_SECRET_CHARACTERS} characters."
        raise Misconfigured(detail)
    return secret


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    """Absolute: children may run in another folder."""
    named = environ.get(name, "")
    return Path(named).expanduser().absolute() if named else None


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _slots(environ: Mapping[str, str]) -> int:
    return _integer(environ, "CLINIC_SLOTS", default=count_cores(), low=1, high=1024)


def count_cores() -> int:
    """Those that this process may use, where the system tells."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1


def _integer(
    environ: Mapping[str, str], name: str, *, default: int, low: int = 1, high: int = 2**40
) -> int:
    text = environ.get(name, "") or str(default)
    if not text.isascii() or not text.isdecimal() or not low <= int(text) <= high:
        detail = f"{name} must be a whole number from {low} to {high}, not {text!r}."
        raise Misconfigured(detail)
    return int(text)


def _seconds(environ: Mapping[str, str], name: str, *, default: float) -> float:
    text = environ.get(name, "") or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= DAY_S:
        detail = f"{name} must be a number of seconds above 0, at most {DAY_S}, not {text!r}."
        raise Misconfigured(detail)
    return seconds


def _timing(environ: Mapping[str, str]) -> Timing:
    preset = TIMINGS.get(environ.get("CLINIC_TIMING", "") or "default")
    if preset is None:
        detail = f"CLINIC_TIMING must be one of {', '.join(TIMINGS)}."
        raise Misconfigured(detail)
    timing = Timing(
        heartbeat_s=_seconds(environ, "CLINIC_HEARTBEAT_S", default=preset.heartbeat_s),
        lease_s=_seconds(environ, "CLINIC_LEASE_S", default=preset.lease_s),
        sweep_s=_seconds(environ, "CLINIC_SWEEP_S", default=preset.sweep_s),
    )
    if timing.lease_s < 3 * timing.heartbeat_s:
        detail = "CLINIC_LEASE_S must be at least three times CLINIC_HEARTBEAT_S."
        raise Misconfigured(detail)
    return timing


def _quotas(environ: Mapping[str, str]) -> Quotas:
    usual = asdict(Quotas())
    return Quotas(
        **{
            name: _integer(environ, f"CLINIC_{name.upper()}", default=most, high=2**62)
            for name, most in usual.items()
        }
    )


def _retention(environ: Mapping[str, str]) -> int | None:
    name = "CLINIC_RETENTION_DAYS"
    return _integer(environ, name, default=1, high=100_000) if environ.get(name) else None


def _log_level(environ: Mapping[str, str]) -> str:
    level = (environ.get("CLINIC_LOG_LEVEL") or "INFO").upper()
    if level not in LOG_LEVELS:
        detail = f"CLINIC_LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}."
        raise Misconfigured(detail)
    return level
