"""One clinic for all tests of faults; booting its workers takes seconds, so they are kept."""

from collections.abc import Iterator

import pytest

from tests.faults.clinic import Clinic, open_clinic
from tests.faults.worker_group import WorkerGroup


@pytest.fixture(scope="session")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with open_clinic(tmp_path_factory.mktemp("clinic") / "home") as opened:
        yield opened


@pytest.fixture
def clinic(whole_site: Clinic) -> Iterator[Clinic]:
    yield whole_site
    whole_site.group.clear()


@pytest.fixture
def group(clinic: Clinic) -> WorkerGroup:
    return clinic.group
