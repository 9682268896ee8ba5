"""The artifact store: files of runs, in one folder for each run.

All processes of the installation reach the root folder. Writes are atomic: a file is written under
a temporary name, synced to the disk and then renamed. The root folder is made when a process
starts and never afterwards, so that a disk that is not mounted is noticed.
"""

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from uuid import UUID, uuid4

from app.domain.artifacts import writer_of
from app.domain.errors import ArtifactsUnavailable, FileDamaged, NotFound

#: Suffix of a file while it is written, and of one that only takes space.
UNFINISHED = ".part"
#: Bytes that a folder must have room for to count as writable.
_PROBE_BYTES = 4096
#: Seconds after which a folder counts as one that does not answer.
ANSWER_S = 2.0
_MEANINGS = {
    errno.ENOSPC: "is full",
    errno.EDQUOT: "is full",
    errno.EROFS: "is read-only",
    errno.ENOENT: "is gone",
    errno.ENOTDIR: "is gone",
    errno.EACCES: "denies access",
    errno.EPERM: "denies access",
}


@dataclass(frozen=True, kw_only=True)
class ArtifactFolder:
    """Reads, writes and removes the files of runs under one root folder."""

    root: Path

    def make(self) -> None:
        """Makes the root folder unless it exists. A folder that cannot be made stays missing."""
        with suppress(OSError):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def check_writable(self) -> None:
        """Takes a little space and gives it back. Raises ArtifactsUnavailable."""
        probe = self.root / f"probe-{uuid4().hex}{UNFINISHED}"
        with raising_unavailable():
            try:
                with probe.open("xb") as file:
                    os.posix_fallocate(file.fileno(), 0, _PROBE_BYTES)
            finally:
                with suppress(OSError):
                    probe.unlink()

    def free_bytes(self) -> int:
        """Returns the bytes that can still be written. Raises ArtifactsUnavailable."""
        with raising_unavailable():
            found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize

    def make_run(self, run_id: UUID) -> Path:
        """Returns the run's folder; the first call makes it. Raises ArtifactsUnavailable."""
        folder = self._of(run_id)
        with raising_unavailable():
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
                _sync(folder.parent)
        return folder

    def write(self, run_id: UUID, name: str, content: bytes) -> str:
        """Writes a file that survives a power cut once this returns; returns its SHA-256.

        Raises ArtifactsUnavailable, and then leaves no part of the file.
        """
        folder = self.make_run(run_id)
        unfinished = folder / f"{name}{UNFINISHED}"
        with raising_unavailable():
            try:
                with unfinished.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.rename(folder / name)
            except OSError:
                with suppress(OSError):
                    unfinished.unlink()
                raise
            _sync(folder)
        return digest_of(content)

    def read(self, run_id: UUID, name: str) -> bytes:
        """Returns a file's content. Raises NotFound, FileDamaged and ArtifactsUnavailable."""
        with self._open(run_id, name) as file, _reading():
            return file.read()

    def verified(self, run_id: UUID, name: str, *, sha256: str) -> Path:
        """Returns the path of a file whose content has this SHA-256.

        Raises NotFound, FileDamaged when the content is another one, and ArtifactsUnavailable.
        """
        with self._open(run_id, name) as file, _reading():
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise FileDamaged
        return self._of(run_id) / name

    def names(self, run_id: UUID) -> tuple[str, ...]:
        """Returns the sorted names of a run's files, unfinished ones included."""
        try:
            return tuple(sorted(path.name for path in self._of(run_id).iterdir()))
        except OSError:
            return ()

    def remove(self, run_id: UUID, names: Collection[str]) -> None:
        """Removes files; one that does not exist, or cannot be removed now, is ignored."""
        for name in names:
            with suppress(OSError):
                (self._of(run_id) / name).unlink()

    def remove_unfinished(self, run_id: UUID, *, up_to_attempt: int) -> None:
        """Removes what these attempts have left unfinished, and the space that they have taken."""
        names = [name for name in self.names(run_id) if name.endswith(UNFINISHED)]
        self.remove(run_id, [name for name in names if (writer_of(name) or 0) <= up_to_attempt])

    def remove_run(self, run_id: UUID) -> None:
        """Removes a run's folder with all its files."""
        shutil.rmtree(self._of(run_id), ignore_errors=True)

    def link(self, run_id: UUID, name: str, *, into_run: UUID) -> None:
        """Links a file into another run's folder, or copies it; the first may then be removed.

        Raises NotFound and ArtifactsUnavailable.
        """
        with self._open(run_id, name):
            source, folder = self._of(run_id) / name, self.make_run(into_run)
        with raising_unavailable():
            try:
                os.link(source, folder / name)
            except FileExistsError:
                pass  # linked before
            except OSError:  # a file system without links
                shutil.copyfile(source, folder / name)
            _sync(folder)
            _sync(folder.parent)

    @contextmanager
    def _open(self, run_id: UUID, name: str) -> Iterator[BufferedReader]:
        """Opens a file below the open root: a root that comes back meanwhile misleads nobody."""
        with raising_unavailable():
            root = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            descriptor = _open_below(root, f"{run_id}/{name}")
        finally:
            os.close(root)
        with os.fdopen(descriptor, "rb") as file:
            yield file

    def _of(self, run_id: UUID) -> Path:
        return self.root / str(run_id)


class FolderWatch:
    """Checks a folder in a thread of its own, so that a disk that hangs holds up no caller.

    Callers at the same time share one check.
    """

    def __init__(self, folder: ArtifactFolder, *, answer_s: float = ANSWER_S) -> None:
        """A folder that takes longer than `answer_s` to answer counts as unavailable."""
        self._folder = folder
        self._answer_s = answer_s
        self._lock = threading.Lock()
        self._found: Future[int] | None = None

    def free_bytes(self) -> int:
        """Returns the free bytes of a folder that takes files. Raises ArtifactsUnavailable."""
        with self._lock:
            if self._found is None or self._found.done():
                self._found = Future()
                check = threading.Thread(target=self._check, args=(self._found,), daemon=True)
                check.start()
            found = self._found
        try:
            return found.result(timeout=self._answer_s)
        except TimeoutError as error:
            detail = "The artifact folder does not answer."
            raise ArtifactsUnavailable(detail) from error

    def _check(self, found: "Future[int]") -> None:
        try:
            self._folder.check_writable()
            found.set_result(self._folder.free_bytes())
        except ArtifactsUnavailable as error:
            found.set_exception(error)


@contextmanager
def raising_unavailable() -> Iterator[None]:
    """Raises ArtifactsUnavailable, with the reason and without paths, for an OSError."""
    try:
        yield
    except OSError as error:
        meaning = _MEANINGS.get(error.errno or 0, f"cannot be used ({error.strerror})")
        detail = f"The artifact folder {meaning}."
        raise ArtifactsUnavailable(detail) from error


def digest_of(content: bytes) -> str:
    """Returns the SHA-256 of the content in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _open_below(root: int, path: str) -> int:
    with raising_unavailable():
        try:
            return os.open(path, os.O_RDONLY, dir_fd=root)
        except FileNotFoundError as error:
            name = path.rpartition("/")[2]
            detail = f"The file {name} is not in the artifact store."
            raise NotFound(detail) from error


@contextmanager
def _reading() -> Iterator[None]:
    """Raises FileDamaged where the disk has lost the content, otherwise ArtifactsUnavailable."""
    with raising_unavailable():
        try:
            yield
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            detail = "The disk cannot read the stored file."
            raise FileDamaged(detail) from error


def _sync(folder: Path) -> None:
    """Syncs a folder to the disk, so that the names in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
