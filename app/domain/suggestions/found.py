"""What a search for a spec ends in: a spec that passed all checks, or what is in the way."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.specs.dataset.base import UploadedDataset

#: Stands for the id of the data set in specs that are checked: it has one only once it is stored.
NO_ID = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A spec that a worker would accept, and why it is as it is."""

    spec: UploadedDataset
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why nothing is suggested."""

    detail: str
