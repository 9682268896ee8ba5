"""The worker's half of a data set's card: its spec, and how a task is made of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from app.domain.errors import InvalidData
from app.domain.specs.dataset.base import Dataset, UploadedDataset
from worker.datasets.task import Task

SpecT = TypeVar("SpecT", bound=Dataset)
UploadedT = TypeVar("UploadedT", bound=UploadedDataset)


@dataclass(frozen=True, kw_only=True)
class TaskOfSpec(Generic[SpecT]):
    """The card of a data set that the service has or makes."""

    spec: type[SpecT]
    make: Callable[[SpecT], Task]

    def task_for(
        self,
        spec: Dataset,
        upload: bytes | None,  # noqa: ARG002 - all makers are called alike
    ) -> Task | None:
        """None if the spec is of another kind."""
        return self.make(spec) if isinstance(spec, self.spec) else None


@dataclass(frozen=True, kw_only=True)
class TaskOfUpload(Generic[UploadedT]):
    """The card of a data set that was uploaded."""

    spec: type[UploadedT]
    make: Callable[[UploadedT, bytes], Task]

    def task_for(self, spec: Dataset, upload: bytes | None) -> Task | None:
        """None if the spec is of another kind. Raises InvalidData without an upload."""
        if not isinstance(spec, self.spec):
            return None
        if upload is None:
            detail = "the uploaded data set is no longer there"
            raise InvalidData(detail)
        return self.make(spec, upload)


class TaskMaker(Protocol):
    """A card of either kind."""

    @property
    def spec(self) -> type[Dataset]: ...

    def task_for(self, spec: Dataset, upload: bytes | None) -> Task | None: ...
