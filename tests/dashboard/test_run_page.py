"""The page of one run, in the browser, with a run that a real worker trained."""

from dataclasses import replace

import numpy as np
from playwright.sync_api import expect
from sqlalchemy import update

from app.domain.quantities import PER_TENSOR
from app.store.tables import runs
from tests.api.conftest import Clinic, spec
from tests.api.measured import batch_of, path_of, record, session_of, started_run
from tests.api.trials.sick_runs import sick_run
from tests.dashboard.conftest import Watched


def test_a_queued_run_says_what_it_waits_for(clinic: Clinic, watched: Watched) -> None:
    with clinic.client() as client:
        run = client.post("/v1/runs", json=spec(name="<i>waits</i>")).json()

    watched.page.goto(f"/runs/{run['id']}")

    expect(watched.page.get_by_role("heading", level=1)).to_have_text("<i>waits</i>")
    expect(watched.page.locator(".run-line .badge.queued")).to_be_visible()
    watched.page.get_by_role("button", name="Cancel").click()
    expect(watched.page.locator(".run-line .badge.cancelled")).to_be_visible()
    assert watched.complaints == []


def test_a_run_that_does_not_exist_is_a_page_that_says_so(watched: Watched) -> None:
    answer = watched.page.goto("/runs/01a21d4d-4f4f-7fe7-a13e-b3d26a13a1cb")

    assert answer is not None
    assert answer.status == 404
    expect(watched.page.get_by_role("heading", level=1)).to_have_text("Not Found")


def test_the_first_remedies_are_tried_by_one_click_and_the_trial_is_cancelled_by_another(
    clinic: Clinic, watched: Watched
) -> None:
    run = sick_run(clinic)
    page = watched.page

    page.goto(f"/runs/{run.id}")
    page.get_by_role("button", name="Try the first three remedies").click()

    panel = page.locator("[data-trial-status]")
    expect(panel.locator(".badge.running")).to_be_visible()
    expect(panel.locator("tbody tr").first).to_contain_text("None, as a control")
    page.get_by_role("button", name="Cancel the trial").click()
    expect(panel.locator(".badge.cancelled")).to_be_visible()
    expect(panel.locator(".badge.inconclusive").first).to_be_visible()
    assert watched.complaints == []


def test_of_very_many_tensors_those_that_differ_most_are_shown(
    clinic: Clinic, watched: Watched
) -> None:
    names = [f"rnn.weight_hh_l{layer}" for layer in range(120)]
    norms = np.ones((10, len(names)), dtype=np.float32)
    norms[:, 70] = 1e-9
    run = started_run(clinic)
    with session_of(clinic) as session:
        session.execute(update(runs).where(runs.c.id == run.id).values(tensor_names=names))
    batch = batch_of([1.0] * 10)
    assert batch.chunk is not None
    chunk = replace(batch.chunk, tensors=dict.fromkeys(PER_TENSOR, norms))
    record(clinic, run, seq=0, batch=replace(batch, chunk=chunk))
    panel = watched.page.locator("[data-chart=tensors]")

    watched.page.goto(f"/runs/{run.id}")

    expect(panel.get_by_text("The 50 of 120 that differ most.")).to_be_visible()
    expect(panel.locator("figcaption").first).to_contain_text("rnn.weight_hh_l70")
    assert watched.complaints == []


def test_a_page_follows_a_run_from_the_events_that_it_shows_on(
    clinic: Clinic, watched: Watched
) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0] * 10))
    with clinic.client() as client:
        shown = client.get(path_of(run.id, "events")).json()["items"]
    page = watched.page

    with page.expect_request(lambda request: "/events" in request.url) as followed:
        page.goto(f"/runs/{run.id}")

    assert followed.value.url.endswith(f"/events?after={shown[-1]['number']}")
    record(clinic, run, seq=1, batch=batch_of([1.0] * 13, first_step=10))
    expect(page.locator("[data-step]")).to_have_text("23")
    assert watched.complaints == []
