"""Every data set of the domain has a task."""

from uuid import UUID

import pytest

from app.domain.errors import InvalidData
from app.domain.profiles import Profile
from app.domain.specs.dataset import DATASETS as DOMAIN_DATASETS
from app.domain.specs.dataset.base import Dataset
from app.domain.specs.dataset.text import TextSpec
from app.domain.task import TaskShape
from worker.datasets.build import DATASETS, build_task


def test_the_data_sets_of_the_worker_are_those_of_the_domain() -> None:
    assert tuple(maker.spec for maker in DATASETS) == DOMAIN_DATASETS


def test_an_upload_that_is_gone_is_said() -> None:
    spec = TextSpec(kind="text", dataset_id=UUID(int=1))

    with pytest.raises(InvalidData, match="no longer there"):
        build_task(spec, upload=None)


def test_a_spec_without_a_task_is_refused() -> None:
    class Unknown(Dataset):
        @property
        def sequence_length(self) -> int:
            return 1

        def shape(self, profile: Profile | None) -> TaskShape:
            raise NotImplementedError

    with pytest.raises(LookupError, match="Unknown"):
        build_task(Unknown(kind="unknown"), upload=None)
