"""What every part of the measurement is told, and what it gives back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from pydantic import JsonValue

#: One line of a part's table.
Row = Mapping[str, JsonValue]
KINDS = ("elman", "gru", "lstm")


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Where to measure, and how thoroughly."""

    device: torch.device
    #: For a test: the same code, for fractions of a second.
    is_quick: bool = False
    #: Seconds after which the part is stopped.
    limit_s: float = 60.0

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    def synchronise(self) -> None:
        """Wait for what a GPU still has to do."""
        if self.is_cuda:
            torch.cuda.synchronize(self.device)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the numbers of a part mean, in one sentence."""

    #: False where something is not as it must be; None where nothing is required.
    is_right: bool | None
    sentence: str


class Measure(Protocol):
    """Yields a part's rows as they come, so that what precedes a failure is kept."""

    def __call__(self, conditions: Conditions, /) -> Iterator[Row]: ...


class Judge(Protocol):
    """Says what the rows of a part mean."""

    def __call__(self, rows: Sequence[Row], /) -> Sequence[Verdict]: ...
