"""Starts child processes that end with their parent, however the parent ends.

On Linux the kernel signals a child when the *thread* that started it ends, so `start` must be
called from the main thread. On other systems only `stop` stops a child.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Exit status of a child whose parent had ended before the kernel was asked to watch it.
EXIT_ORPHANED = 71
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
#: The layout of capabilities with two 32-bit words per set (linux/capability.h).
LINUX_CAPABILITY_VERSION_3 = 0x20080522
#: A longer log is renamed to `*.old` when its program starts.
MAX_LOG_BYTES = 16 * 2**20

_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The unprivileged user that a child runs as when its parent is root."""

    uid: int
    gid: int
    #: The user may not enter a folder above the program or its data. The child keeps the capability
    #: to enter it, and the folder's permissions stay as they are.
    passes_closed_folders: bool = False


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program to start: its arguments, its environment and the signals that end it."""

    name: str
    arguments: Sequence[str]
    #: Where its output and errors are appended.
    log: Path
    environ: Mapping[str, str]
    #: Asks the program to end.
    stop_signal: signal.Signals = signal.SIGTERM
    #: Sent by the kernel when the parent has died.
    orphan_signal: signal.Signals = signal.SIGKILL
    folder: Path | None = None
    identity: Identity | None = None


@dataclass(frozen=True, kw_only=True)
class ChildProgram:
    """A started program."""

    command: Command
    process: subprocess.Popen[bytes]

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.is_alive:
            self.process.send_signal(self.command.stop_signal)

    def stop(self, *, within_s: float) -> None:
        self.ask_to_stop()
        self.wait(within_s=within_s)

    def wait(self, *, within_s: float) -> None:
        """Wait for its end, and kill it after `within_s` seconds."""
        try:
            self.process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(command: Command) -> ChildProgram:
    """Start the program in a session of its own, which the terminal's Ctrl-C does not reach."""
    command.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if command.log.exists() and command.log.stat().st_size > MAX_LOG_BYTES:
        command.log.replace(command.log.with_name(command.log.name + ".old"))
    with command.log.open("ab") as log:
        process = subprocess.Popen(
            list(command.arguments),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=command.folder,
            env=dict(command.environ),
            start_new_session=True,
            # safe in a parent with one thread, because the function only makes system calls
            preexec_fn=_preparation(command, parent=os.getpid()),  # noqa: PLW1509 - only syscalls
        )
    return ChildProgram(command=command, process=process)


def end_with_parent(parent: int, *, by: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel signal this process when the thread that started it ends (on Linux).

    The kernel does not report a parent that ended before the call, so the parent is compared after.
    """
    if sys.platform == "linux" and _LIBC.prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0) != 0:
        os._exit(EXIT_ORPHANED)
    if os.getppid() != parent:
        os._exit(EXIT_ORPHANED)


def unprivileged_identity(*paths: Path) -> Identity | None:
    """The user that a child of root runs as, with access to `paths`; None when this is not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return Identity(
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        passes_closed_folders=any(_is_closed(path, uid=entry.pw_uid) for path in paths),
    )


def _is_closed(path: Path, *, uid: int) -> bool:
    """Whether user `uid` may not enter some folder above `path`."""
    ancestors = [folder.stat() for folder in path.resolve().parents if folder.exists()]
    return any(
        not (found.st_mode & 0o001 or (found.st_uid == uid and found.st_mode & 0o100))
        for found in ancestors
    )


def _preparation(command: Command, *, parent: int) -> Callable[[], None]:
    identity, orphan_signal = command.identity, command.orphan_signal

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if identity is not None:
            _become(identity)
        # after the change of user, which clears the request
        end_with_parent(parent, by=orphan_signal)

    return prepare


def _become(identity: Identity) -> None:
    """Change to an unprivileged user, who may still enter closed folders where that is needed.

    The alternative, opening those folders to everybody, would outlive this process.
    """
    if identity.passes_closed_folders:
        _LIBC.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(identity.gid)
    os.setuid(identity.uid)
    if identity.passes_closed_folders:
        mask = 1 << CAP_DAC_OVERRIDE
        header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
        effective_permitted_inheritable = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
        _LIBC.capset(header, effective_permitted_inheritable)
        _LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)
