"""The process that checks uploads: it imports the reader once, then forks a child for each check.

A fork takes milliseconds, where a fresh interpreter would import for half a second. The memory of a
check returns to the system with its child, and a crash ends one check alone. This process has one
thread, since a fork copies no other. It ends with the API, and its children end with it: the kernel
sends them a signal, and their socket closes.
"""

import gc
import logging
import os
import resource
import signal
import socket
import sys
from dataclasses import dataclass
from typing import NoReturn

from app.domain.errors import InvalidData
from app.domain.uploads import CheckRequest
from app.processes import end_with_parent
from app.reading.check_upload import check_upload
from app.upload_checks.messages import READY, Checked, receive_request

logger = logging.getLogger(__name__)

#: Gives checks a third of the CPU time that a request gets on a busy machine.
NICENESS = 5


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one check may use."""

    max_bytes: int
    max_cpu_s: int


def main(socket_fd: int, api_pid: int, limits: Limits) -> None:
    """Forks a child for each request, until the API closes the socket."""
    end_with_parent(api_pid)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # the kernel removes children that have ended; their answers come over pipes
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    # keeps the pages of imported modules shared with the children
    gc.freeze()
    with socket.socket(fileno=socket_fd) as api:
        api.sendall(READY)
        while True:
            received = receive_request(api)
            if received is None:
                return
            request, fds = received
            parent = os.getpid()
            if os.fork() == 0:
                api.close()
                _become_child(request, fds, parent=parent, limits=limits)
            for fd in fds:
                os.close(fd)


def _become_child(
    request: CheckRequest, fds: list[int], *, parent: int, limits: Limits
) -> NoReturn:
    """Checks one file and exits; never returns into the code of the parent."""
    try:
        end_with_parent(parent)
        os.nice(NICENESS)
        _enforce(limits)
        file_fd, answer_fd, stored_fd = fds
        answer = _check(request, file_fd, stored_fd, limits)
        with os.fdopen(answer_fd, "wb") as pipe:
            pipe.write(answer.model_dump_json().encode())
    except BaseException:
        logger.exception("the check of an upload failed")
    finally:
        os._exit(0)


def _check(request: CheckRequest, file_fd: int, stored_fd: int, limits: Limits) -> Checked:
    try:
        with os.fdopen(file_fd, "rb") as file:
            file.seek(0)
            content = file.read()
        upload, stored = check_upload(request, content)
        with os.fdopen(stored_fd, "wb") as file:
            file.write(stored)
        return Checked(upload=upload)
    except InvalidData as error:
        return Checked(detail=error.detail, problems=list(error.problems))
    except MemoryError:
        detail = f"The check of the file needs more than {limits.max_bytes / 2**30:.3g} GiB."
    except TimeoutError:
        detail = f"The check of the file takes more than {limits.max_cpu_s} s."
    return Checked(detail=detail, is_too_costly=True)


def _enforce(limits: Limits) -> None:
    def give_up(_number: int, _frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGXCPU, give_up)
    # the kernel kills a child that has not answered 10 s after the signal
    resource.setrlimit(resource.RLIMIT_CPU, (limits.max_cpu_s, limits.max_cpu_s + 10))
    if sys.platform == "linux":  # others do not enforce it
        resource.setrlimit(resource.RLIMIT_AS, (limits.max_bytes, limits.max_bytes))


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    fd, pid, most_bytes, most_cpu_s = map(int, sys.argv[1:])
    main(fd, pid, Limits(max_bytes=most_bytes, max_cpu_s=most_cpu_s))
