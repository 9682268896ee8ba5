"""Names, tags, notes, columns and series are texts on every page, in every picture and frame."""

import csv
import io
from urllib.parse import quote

import httpx
import pytest

from tests.api.conftest import Clinic
from tests.api.measured import batch_of, finish, record, started_run
from tests.dashboard.conftest import Watched
from tests.dashboard.hostile import MADE, TEXTS

#: Pages that show what all texts are in.
LISTS = ("/runs", "/datasets", "/fleet", "/settings", "/compare?{runs}")
#: Pages, pictures and frames of one run.
OF_A_RUN = (
    "/runs/{run}",
    "/embed/runs/{run}/overview",
    "/v1/runs/{run}/report.html",
    "/v1/runs/{run}/plots/overview.svg",
)
MAX_TAG, MAX_COMPARED = 64, 12


@pytest.fixture(scope="module")
def run_ids(clinic: Clinic) -> list[str]:
    """Ended runs with measurements, each with one of the texts in its labels; and keys."""
    found = []
    with clinic.client() as client:
        for text in TEXTS:
            run = started_run(clinic)
            record(clinic, run, seq=0, batch=batch_of([2.0, 1.0, 0.5]))
            finish(clinic, run)
            labels = {"name": text, "tags": [text[:MAX_TAG]], "notes": text}
            answer = client.patch(f"/v1/runs/{run.id}", json=labels)
            assert answer.status_code == httpx.codes.OK, answer.text
            client.post("/v1/api-keys", json={"name": text, "scopes": ["runs:read"]})
            found.append(str(run.id))
    return found


@pytest.fixture(scope="module")
def dataset_ids(clinic: Clinic) -> list[str]:
    """Tables with one of the texts as their name, as a column and as the label of a series."""
    found = []
    with clinic.client() as client:
        for text in TEXTS:
            table = io.StringIO()
            rows = [[f"s{day % 2} {text}", day, day % 7] for day in range(40)]
            csv.writer(table).writerows([["series", "day", text], *rows])
            answer = client.post(
                f"/v1/datasets?name={quote(text)}&kind=csv", content=table.getvalue().encode()
            )
            assert answer.status_code == httpx.codes.CREATED, answer.text
            found.append(answer.json()["id"])
    return found


def _look(watched: Watched, path: str) -> None:
    """Opens a page and fails if a text of a client became a part of it."""
    watched.page.on("dialog", lambda dialog: watched.complaints.append(dialog.message))
    watched.page.goto(path, wait_until="networkidle")

    assert watched.page.locator(MADE).count() == 0
    assert watched.complaints == []


@pytest.mark.parametrize("path", LISTS)
def test_texts_in_lists_are_texts(
    watched: Watched, run_ids: list[str], dataset_ids: list[str], path: str
) -> None:
    assert len(dataset_ids) == len(run_ids)

    _look(watched, path.format(runs="&".join(f"run_id={one}" for one in run_ids[:MAX_COMPARED])))


@pytest.mark.parametrize("index", range(len(TEXTS)))
def test_the_texts_of_a_run_are_texts(watched: Watched, run_ids: list[str], index: int) -> None:
    for path in OF_A_RUN:
        _look(watched, path.format(run=run_ids[index]))

    watched.page.goto(f"/runs/{run_ids[index]}")
    assert watched.page.locator("h1").text_content() == TEXTS[index]


@pytest.mark.parametrize("index", range(len(TEXTS)))
def test_columns_and_series_are_texts(watched: Watched, dataset_ids: list[str], index: int) -> None:
    _look(watched, f"/datasets/{dataset_ids[index]}")
    assert watched.page.locator("h1").text_content() == TEXTS[index]
    assert watched.page.get_by_role("cell", name=TEXTS[index], exact=True).count() >= 1

    _look(watched, f"/runs/new?dataset={dataset_ids[index]}")


def test_a_text_in_the_address_is_a_text(watched: Watched) -> None:
    for text in TEXTS:
        for name in ("q", "tag"):
            _look(watched, f"/runs?{name}={quote(text[:MAX_TAG])}")


@pytest.mark.parametrize("form", ["svg", "png"])
def test_every_name_can_be_drawn(clinic: Clinic, run_ids: list[str], form: str) -> None:
    with clinic.client() as client:
        for run_id in run_ids:
            answer = client.get(f"/v1/runs/{run_id}/plots/loss.{form}")
            assert answer.status_code == httpx.codes.OK, answer.text
            assert "script-src" not in answer.headers["Content-Security-Policy"]
