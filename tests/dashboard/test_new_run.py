"""The form for a new run, in the browser."""

from playwright.sync_api import expect

from tests.api.conftest import Clinic, spec
from tests.dashboard.conftest import RUN_PAGE, Watched


def test_a_run_is_started_by_the_form(clinic: Clinic, watched: Watched) -> None:
    page = watched.page
    page.goto("/runs/new")
    page.get_by_label("Model", exact=True).select_option("elman")
    page.get_by_label("Hidden size").fill("8")
    page.get_by_label("Num steps").fill("5")
    expect(page.locator("[data-cost]")).to_contain_text("weights, about")

    page.get_by_role("button", name="Start the run").click()

    page.wait_for_url(RUN_PAGE)
    run_id = page.url.rsplit("/", 1)[1]
    with clinic.client() as client:
        made = client.get(f"/v1/runs/{run_id}").json()["spec"]
    assert (made["model"]["kind"], made["model"]["hidden_size"]) == ("elman", 8)
    assert made["training"]["num_steps"] == 5
    assert watched.complaints == []


def test_a_wrong_value_is_told_at_its_field(watched: Watched) -> None:
    page = watched.page
    page.goto("/runs/new")

    page.get_by_label("Hidden size").fill("-3")

    field = page.locator(".field", has=page.get_by_label("Hidden size"))
    expect(field.locator(".problem")).to_contain_text("greater than or equal to 1")
    expect(page.get_by_label("Hidden size")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Start the run")).to_be_disabled()
    page.get_by_label("Hidden size").fill("3")
    expect(field.locator(".problem")).to_be_empty()


def test_another_run_starts_from_an_earlier_one(clinic: Clinic, watched: Watched) -> None:
    wanted = spec(name="base", optimizer={"kind": "sgd", "learning_rate": 0.25})
    with clinic.client() as client:
        run = client.post("/v1/runs", json=wanted).json()

    watched.page.goto(f"/runs/new?from={run['id']}")

    expect(watched.page.get_by_label("Learning rate")).to_have_value("0.25")
    expect(watched.page.locator("[data-json]")).to_contain_text('"base, again"')
