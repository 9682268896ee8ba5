"""The artifact store: files of runs, in one folder for each run.

All processes of the installation reach the root folder. Writes are atomic: a file is written under
a temporary name, synced to the disk and then renamed.
"""

import hashlib
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.domain.errors import FileDamaged, NotFound

#: Suffix of a file while it is written.
_UNFINISHED = ".part"


@dataclass(frozen=True, kw_only=True)
class ArtifactFolder:
    """Reads, writes and removes the files of runs under one root folder."""

    root: Path

    def write(self, run_id: UUID, name: str, content: bytes) -> str:
        """Writes a file that survives a power cut once this returns; returns its SHA-256."""
        folder = self._of(run_id)
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(folder.parent)
        unfinished = folder / f"{name}{_UNFINISHED}"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(folder / name)
        _sync(folder)
        return digest_of(content)

    def read(self, run_id: UUID, name: str) -> bytes:
        """Returns a file's content. Raises NotFound."""
        try:
            return (self._of(run_id) / name).read_bytes()
        except FileNotFoundError as error:
            raise _missing(name) from error

    def verified(self, run_id: UUID, name: str, *, sha256: str) -> Path:
        """Returns the path of a file whose content has this SHA-256.

        Raises NotFound, and FileDamaged when the content is another one.
        """
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
        """Returns the sorted names of a run's files, unfinished ones included."""
        folder = self._of(run_id)
        return tuple(sorted(path.name for path in folder.iterdir())) if folder.is_dir() else ()

    def remove(self, run_id: UUID, names: Collection[str]) -> None:
        """Removes files; a file that does not exist is ignored."""
        for name in names:
            (self._of(run_id) / name).unlink(missing_ok=True)

    def remove_run(self, run_id: UUID) -> None:
        """Removes a run's folder with all its files."""
        shutil.rmtree(self._of(run_id), ignore_errors=True)

    def link(self, run_id: UUID, name: str, *, into_run: UUID) -> None:
        """Links a file into another run's folder, or copies it; the first may then be removed.

        Raises NotFound.
        """
        source, folder = self._of(run_id) / name, self._of(into_run)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.link(source, folder / name)
        except FileExistsError:
            pass  # linked before
        except FileNotFoundError as error:
            raise _missing(name) from error
        except OSError:  # a file system without links
            shutil.copyfile(source, folder / name)
        _sync(folder)
        _sync(folder.parent)

    def _of(self, run_id: UUID) -> Path:
        return self.root / str(run_id)


def digest_of(content: bytes) -> str:
    """Returns the SHA-256 of the content in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _missing(name: str) -> NotFound:
    return NotFound(f"The file {name} is not in the artifact store.")


def _sync(folder: Path) -> None:
    """Syncs a folder to the disk, so that the names in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
