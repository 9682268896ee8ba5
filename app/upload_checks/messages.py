"""What the API and the process that checks uploads send each other.

A request is JSON after its length in four bytes, with three file descriptors: the file, a pipe for
the answer, and an empty file for the form of the upload that is stored. The answer is JSON.
"""

import socket

from pydantic import BaseModel

from app.domain.errors import InvalidData, Problem, TooLarge
from app.domain.uploads import CheckedUpload, CheckRequest

#: Sent once by the process, when it can fork.
READY = b"r"
_LENGTH_BYTES = 4
NUM_FDS = 3


class Checked(BaseModel):
    """The answer to a request: what the file holds, or why that is not known."""

    upload: CheckedUpload | None = None
    detail: str | None = None
    #: Of a file that is not valid.
    problems: list[Problem] = []
    #: Whether the check was stopped because of its memory or time.
    is_too_costly: bool = False

    def upload_or_raise(self) -> CheckedUpload:
        """Raises InvalidData or TooLarge for a file that was not checked to its end."""
        if self.is_too_costly:
            raise TooLarge(self.detail)
        if self.upload is None:
            raise InvalidData(self.detail, problems=self.problems)
        return self.upload


def send_request(connection: socket.socket, request: CheckRequest, fds: tuple[int, ...]) -> None:
    text = request.model_dump_json().encode()
    socket.send_fds(connection, [len(text).to_bytes(_LENGTH_BYTES, "little")], fds)
    connection.sendall(text)


def receive_request(connection: socket.socket) -> tuple[CheckRequest, list[int]] | None:
    """Returns the next request and its file descriptors; None when the connection is closed."""
    header, fds, _, _ = socket.recv_fds(connection, _LENGTH_BYTES, NUM_FDS)
    length = int.from_bytes(header, "little")
    text = b""
    while len(text) < length:
        piece = connection.recv(length - len(text))
        if not piece:
            return None
        text += piece
    return (CheckRequest.model_validate_json(text), list(fds)) if header else None
