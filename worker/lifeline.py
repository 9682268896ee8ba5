"""A process that ends with its parent, whatever kills it."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
#: The parent was gone before the kernel was told to watch it.
EXIT_ORPHANED = 71


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends.

    A parent that died before the call would never be noticed, hence the second look. Where the
    kernel has no such call, the end of the control socket is what tells a child.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        os._exit(EXIT_ORPHANED)
