"""Files of pages are kept by browsers for as long as they are the same."""

import httpx

from app.dashboard.assets import asset_url
from tests.api.conftest import Clinic


def test_a_file_is_kept_under_the_address_that_names_its_content(clinic: Clinic) -> None:
    answer = httpx.get(clinic.url + asset_url("base.css"))

    assert answer.headers["Content-Type"].startswith("text/css")
    assert "immutable" in answer.headers["Cache-Control"]


def test_a_file_of_another_release_is_not_kept(clinic: Clinic) -> None:
    answer = httpx.get(f"{clinic.url}/assets/000000000000/base.css")

    assert answer.status_code == httpx.codes.OK
    assert answer.headers["Cache-Control"] == "no-cache"


def test_nothing_else_is_served(clinic: Clinic) -> None:
    for name in ("../pages.py", "%2e%2e/pages.py", "vendor/uplot.d.ts", "vendor", ""):
        answer = httpx.get(f"{clinic.url}/assets/000000000000/{name}")
        assert answer.status_code == httpx.codes.NOT_FOUND, name


def test_the_licence_of_the_chart_library_is_served_with_it(clinic: Clinic) -> None:
    answer = httpx.get(clinic.url + asset_url("vendor/uplot.LICENSE.txt"))

    assert "MIT" in answer.text
