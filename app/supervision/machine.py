"""Names whoever runs a command on the server's machine, for the audit log."""

import os
import pwd
import socket
from contextlib import suppress

from app.domain.audit import Actor


def machine_actor() -> Actor:
    """`machine:<user>@<host>`; the number of a user who has no name."""
    user = str(os.getuid())
    with suppress(KeyError):
        user = pwd.getpwuid(os.getuid()).pw_name
    return Actor(principal=f"machine:{user}@{socket.gethostname()}")
