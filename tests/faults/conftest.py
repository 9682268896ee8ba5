"""One site for all tests of faults; booting its workers takes seconds, so they are kept."""

from collections.abc import Iterator

import pytest

from tests.faults.crew import Crew
from tests.faults.site import Site, open_site


@pytest.fixture(scope="session")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("site") / "home") as opened:
        yield opened


@pytest.fixture
def site(whole_site: Site) -> Iterator[Site]:
    yield whole_site
    whole_site.crew.clear()


@pytest.fixture
def crew(site: Site) -> Crew:
    return site.crew
