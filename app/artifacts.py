"""Files that runs leave: a folder for each run, under the one folder that all processes reach.

A file is there whole or not at all: written aside, forced to the disk, then renamed.
"""

import hashlib
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.domain.errors import FileDamaged, NotFound

#: Ends the names of files that are being written.
_UNFINISHED = ".part"


@dataclass(frozen=True, kw_only=True)
class ArtifactFolder:
    """The artifact store."""

    root: Path

    def write(self, run_id: UUID, name: str, content: bytes) -> str:
        """Returns the SHA-256 of what is on the disk now, power cut or not."""
        folder = self._of(run_id)
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _force(folder.parent)
        aside = folder / f"{name}{_UNFINISHED}"
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(folder / name)
        _force(folder)
        return digest_of(content)

    def read(self, run_id: UUID, name: str) -> bytes:
        """Raises NotFound."""
        try:
            return (self._of(run_id) / name).read_bytes()
        except FileNotFoundError as error:
            raise _missing(name) from error

    def verified(self, run_id: UUID, name: str, *, sha256: str) -> Path:
        """Where a file is that still is what was written. Raises NotFound and FileDamaged."""
        path = self._of(run_id) / name
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError as error:
            raise _missing(name) from error
        if found != sha256:
            raise FileDamaged
        return path

    def names(self, run_id: UUID) -> tuple[str, ...]:
        folder = self._of(run_id)
        return tuple(sorted(path.name for path in folder.iterdir())) if folder.is_dir() else ()

    def remove(self, run_id: UUID, names: Collection[str]) -> None:
        """What is not there is as good as removed."""
        for name in names:
            (self._of(run_id) / name).unlink(missing_ok=True)

    def remove_run(self, run_id: UUID) -> None:
        shutil.rmtree(self._of(run_id), ignore_errors=True)

    def lend(self, run_id: UUID, name: str, *, to_run: UUID) -> None:
        """The same file in another run's folder, which outlives the first. Raises NotFound."""
        source, folder = self._of(run_id) / name, self._of(to_run)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.link(source, folder / name)
        except FileExistsError:
            pass  # lent before
        except FileNotFoundError as error:
            raise _missing(name) from error
        except OSError:  # a file system without links
            shutil.copyfile(source, folder / name)
        _force(folder)
        _force(folder.parent)

    def _of(self, run_id: UUID) -> Path:
        return self.root / str(run_id)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _missing(name: str) -> NotFound:
    return NotFound(f"The file {name} is not in the artifact store.")


def _force(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
