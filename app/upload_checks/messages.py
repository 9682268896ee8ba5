"""What the API and the process that checks uploads send each other.

A request is one byte, the kind of the file, with two file descriptors: the file, and a pipe for the
answer. The answer is JSON.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, JsonValue

from app.domain.errors import InvalidData, Problem, TooLarge
from app.domain.uploads import DatasetKind

#: Sent once by the process, when it can fork.
READY = b"r"
CODE_OF: Mapping[DatasetKind, bytes] = MappingProxyType({"csv": b"c", "text": b"t"})
KIND_OF: Mapping[bytes, DatasetKind] = MappingProxyType({b"c": "csv", b"t": "text"})


class Checked(BaseModel):
    """The answer to a request: the profile of the file, or why there is none."""

    profile: dict[str, JsonValue] | None = None
    detail: str | None = None
    #: Of a file that is not valid.
    problems: list[Problem] = []
    #: Whether the check was stopped because of its memory or time.
    is_too_costly: bool = False

    def profile_or_raise(self) -> Mapping[str, JsonValue]:
        """Raises InvalidData or TooLarge where there is no profile."""
        if self.is_too_costly:
            raise TooLarge(self.detail)
        if self.profile is None:
            raise InvalidData(self.detail, problems=self.problems)
        return self.profile
