"""The home folder: its permissions, the secrets in it, and its lock."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors import Misconfigured

#: Files of the home in which `clinic serve` keeps what it made for its embedded servers.
SECRET_FILE = "secret"  # noqa: S105 - the name of a file
DATABASE_URL_FILE = "database-url"


def make_home(home: Path) -> Path:
    """Make the folder, readable by its owner alone, unless it exists. Raises Misconfigured."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        detail = f"CLINIC_HOME cannot be made: {error}"
        raise Misconfigured(detail) from error
    return home


def keep_secret(path: Path) -> str:
    """The secret in `path`; the first call makes it."""
    if not path.exists():
        write_private(path, secrets.token_hex(32))
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner can ever read it."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def owned(home: Path) -> Iterator[None]:
    """Hold the lock of the home. Raises Misconfigured where another process holds it.

    The kernel releases the lock when this process ends, however it ends.
    """
    try:
        lock = (home / "lock").open("a+")
    except OSError as error:
        detail = f"CLINIC_HOME cannot be written to: {error}"
        raise Misconfigured(detail) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            detail = (
                f"The service already runs on {home} (process {owner}): "
                "stop it first, or set CLINIC_HOME to another folder."
            )
            raise Misconfigured(detail) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def is_owned(home: Path) -> bool:
    """Whether a process holds the lock of the home at this moment."""
    try:
        with (home / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
