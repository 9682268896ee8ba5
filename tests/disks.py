"""Small disks that a test may fill, make read-only and take away.

A disk is a tmpfs in a mount namespace of its own, which needs no rights on the machine. Other
processes reach it through `/proc/<holder>/root`.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Carries out one command a line and answers each with one line.
_HOLDER = 'while read -r command; do if eval "$command"; then echo done; else echo failed; fi; done'
MIB = 2**20


class CannotMountError(Exception):
    """This machine lets nobody mount a file system in a namespace."""


class Disk:
    """A mounted file system of limited size."""

    def __init__(self, holder: "subprocess.Popen[str]", place: Path) -> None:
        self._holder, self._place = holder, place
        seen = Path(f"/proc/{holder.pid}/root")
        #: The folder of the files, as every process of the machine reaches it.
        self.path = seen / place.relative_to("/") / "disk" / "files"
        self._ballast = self.path.parent / "ballast"

    def fill(self) -> None:
        """Takes all free space; called again, what has become free meanwhile."""
        with self._ballast.open("ab") as file:
            size = os.fstat(file.fileno()).st_size
            step = 64 * MIB
            while step >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), size, step)
                    size += step
                except OSError:
                    step //= 2

    def make_read_only(self) -> None:
        self._do("mount -o remount,ro disk")

    def take_away(self) -> None:
        """Leaves an empty folder where the disk was mounted."""
        self._do("mount --move disk away")

    def resize(self, size_bytes: int) -> None:
        self._do(f"mount -o remount,size={size_bytes} disk")

    def leave_free(self, free_bytes: int) -> None:
        """Resizes it to what its files take, plus `free_bytes`."""
        found = os.statvfs(self.path)
        self.resize((found.f_blocks - found.f_bfree) * found.f_frsize + free_bytes)

    def repair(self) -> None:
        """Undoes all that was done to it, its size excepted."""
        self._do("if mountpoint -q away; then mount --move away disk; fi")
        self._do("mount -o remount,rw disk")
        self._ballast.unlink(missing_ok=True)

    def _do(self, command: str) -> None:
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.write(f"{command}\n")
        self._holder.stdin.flush()
        answer = self._holder.stdout.readline().strip()
        assert answer == "done", f"{command}: {answer}"


@contextmanager
def mounted(folder: Path, *, size_bytes: int) -> Iterator[Disk]:
    """A disk whose mount point is made in `folder`. Raises CannotMountError."""
    place = folder.resolve()
    for name in ("disk", "away"):
        (place / name).mkdir(parents=True)
    script = f"cd '{place}' && mount -t tmpfs -o size={size_bytes} tmpfs disk && mkdir disk/files"
    holder = subprocess.Popen(
        ("unshare", "--map-root-user", "--mount", "sh", "-c", f"{script} && echo ready; {_HOLDER}"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert holder.stdout is not None
    try:
        if holder.stdout.readline().strip() != "ready":
            raise CannotMountError
        yield Disk(holder, place)
    finally:
        holder.kill()
        holder.wait()
        for pipe in (holder.stdin, holder.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


@contextmanager
def mounted_at(link: Path, folder: Path, *, size_bytes: int) -> Iterator[Disk]:
    """A disk that is reached by `link` too; the files of the folder there are on it meanwhile."""
    with mounted(folder, size_bytes=size_bytes) as disk:
        before = folder / "before"
        link.mkdir(exist_ok=True)
        shutil.copytree(link, disk.path, dirs_exist_ok=True)
        link.rename(before)
        link.symlink_to(disk.path)
        try:
            yield disk
        finally:
            link.unlink()
            # those who go on find a folder
            before.rename(link)


def can_mount() -> bool:
    """Returns whether disks can be made on this machine."""
    try:
        with tempfile.TemporaryDirectory() as folder, mounted(Path(folder), size_bytes=MIB):
            return True
    except (CannotMountError, OSError):
        return False
