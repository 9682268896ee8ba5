"""Takes a turn for an upload, then has it checked by a process."""

import os
from typing import BinaryIO
from uuid import UUID

from app.domain.uploads import CheckedUpload, CheckRequest
from app.upload_checks.forkserver import ForkServer
from app.upload_checks.turns import FairTurns

#: Largest file of the short turns, which are checked in less than a second. Long checks never keep
#: short ones waiting.
SHORT_BYTES = 2**20
#: First bytes of a workbook, which unpacks to many times its size and is read row by row.
ZIP_MAGIC = b"PK\x03\x04"
#: Checks of one length at the same time; half of them may be of one workspace.
MOST = 2
#: Seconds that a caller waits for its turn.
WAIT_S = 60.0


class UploadChecks:
    """Checks uploads of all workspaces, a bounded number at a time."""

    def __init__(self) -> None:
        self._server = ForkServer()
        self._short = FairTurns(most=MOST, most_each=MOST // 2, wait_s=WAIT_S)
        self._long = FairTurns(most=MOST, most_each=MOST // 2, wait_s=WAIT_S)

    def check(
        self, workspace_id: UUID, request: CheckRequest, file: BinaryIO, *, stored: BinaryIO
    ) -> CheckedUpload:
        """Returns what the file holds, and writes its stored form to `stored`.

        Raises InvalidData with the places of the errors, TooLarge when the check costs too much,
        Overloaded when no turn came, and Unavailable when the process died.
        """
        num_bytes = os.fstat(file.fileno()).st_size
        is_short = num_bytes <= SHORT_BYTES and os.pread(file.fileno(), 4, 0) != ZIP_MAGIC
        turns = self._short if is_short else self._long
        with turns.turn(workspace_id):
            return self._server.check(request, file, stored)

    def close(self) -> None:
        """Ends the checks that run or wait; they raise Unavailable."""
        self._server.close()
