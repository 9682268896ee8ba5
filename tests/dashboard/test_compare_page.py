"""The page that compares runs: one band of the seeds of an arm, and heat maps on one scale."""

import math
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from playwright.sync_api import expect
from pydantic import JsonValue

from app.dashboard.assets import asset_url
from app.domain.runs import Run
from app.domain.telemetry import LagProfile
from tests.api.conftest import Clinic, spec
from tests.api.measured import batch_of, record, started_run
from tests.dashboard.axe import faults_of
from tests.dashboard.conftest import Watched
from tests.domain.builders import job
from tests.store.builders import a_profile


def probed(step: int, *log10_norm: float) -> LagProfile:
    logs_T = np.array(log10_norm) * math.log(10)
    counts_T = np.full(logs_T.size, 4, dtype=np.int32)
    return replace(a_profile(step=step, is_full=False), log_norm_T=logs_T, num_anchors_T=counts_T)


@pytest.fixture(scope="module")
def seeds(clinic: Clinic) -> list[Run]:
    """Two runs of one arm, and one with another learning rate."""
    rate: JsonValue = {"kind": "adam", "learning_rate": 0.5}
    specs = [
        job(training={"seed": 1}),
        job(training={"seed": 2}),
        job(optimizer=rate),
    ]
    runs = [started_run(clinic, spec) for spec in specs]
    for number, run in enumerate(runs):
        probes = (probed(0, 0, -1 - number), probed(5, -1, -4.5))
        losses = [math.exp(-step / 10) + number for step in range(30)]
        record(clinic, run, seq=0, batch=batch_of(losses, readings=probes))
    return runs


def test_seeds_are_drawn_as_a_band_and_on_demand_as_curves(
    watched: Watched, seeds: list[Run]
) -> None:
    page = watched.page
    page.goto("/compare?" + "&".join(f"run_id={run.id}" for run in seeds))
    loss = page.locator("[data-chart=loss]")
    expect(loss.locator(".u-legend")).to_contain_text("a run (1): median of 2 seeds")
    expect(loss.locator(".u-legend")).to_contain_text("a run (2)")

    page.get_by_label("single curves").check()

    expect(loss.locator(".u-legend")).to_contain_text("a run (1), seed 2")
    expect(loss.locator(".u-legend")).not_to_contain_text("median")
    assert page.url.endswith("&seeds=curves")
    page.reload()
    expect(loss.locator(".u-legend")).to_contain_text("a run (1), seed 2")
    assert watched.complaints == []


def test_heat_maps_share_one_scale_that_is_written_once(watched: Watched, seeds: list[Run]) -> None:
    page = watched.page
    page.goto("/compare?" + "&".join(f"run_id={run.id}" for run in seeds))

    expect(page.locator(".flow-maps canvas")).to_have_count(3)
    expect(page.locator("[data-scale=low]")).to_have_text("3.2e−4")
    expect(page.locator("[data-scale=high]")).to_have_text("1")
    twin = page.locator("link[rel=alternate]").get_attribute("href")
    assert twin is not None
    maps = page.request.get(twin).json()["gradient_flows"]
    assert {(one["low"], one["high"]) for one in maps} == {(-3.5, 0)}


def test_one_run_alone_has_no_switch(watched: Watched, seeds: list[Run]) -> None:
    watched.page.goto(f"/compare?run_id={seeds[0].id}")

    expect(watched.page.get_by_role("heading", name="Look at 1 run")).to_be_visible()
    expect(watched.page.locator("[data-seeds]")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1280])
def test_long_names_do_not_make_the_page_wide(clinic: Clinic, watched: Watched, width: int) -> None:
    runs = [started_run(clinic, job(training={"seed": seed})) for seed in (3, 4)]
    with clinic.client() as client:
        for run in runs:
            record(clinic, run, seq=0, batch=batch_of([1.0] * 10))
            label = {"name": f"{run.id} {'a name of words ' * 9}"}
            path = f"/v1/runs/{run.id}"
            merge = {"Content-Type": "application/merge-patch+json"}
            client.patch(path, json=label, headers=merge).raise_for_status()
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})

    page.goto("/compare?" + "&".join(f"run_id={run.id}" for run in runs))

    expect(page.locator("[data-chart=loss] .u-legend")).to_contain_text("median of 2 seeds")
    is_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(is_wide)
    assert watched.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bands_and_heat_maps_shut_nobody_out(
    watched: Watched, seeds: list[Run], theme: Literal["light", "dark"]
) -> None:
    page = watched.page
    page.emulate_media(color_scheme=theme)
    page.goto("/compare?" + "&".join(f"run_id={run.id}" for run in seeds))
    expect(page.locator("[data-scale=low]")).to_have_text("3.2e−4")

    assert [fault for fault in faults_of(page) if fault.is_serious] == []
    described = page.locator("[data-chart=loss] [role=img]").get_attribute("aria-label")
    assert described is not None
    assert "median of 2 seeds: last" in described


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_have_the_colours_of_the_theme(
    watched: Watched, theme: Literal["light", "dark"]
) -> None:
    page = watched.page
    page.emulate_media(color_scheme=theme)
    page.goto("/fleet")
    source = asset_url("theme.js")

    read = f"import('{source}').then(theme => [theme.token('--text'), theme.token('--series-1')])"

    expected = {
        "light": ["rgb(27, 35, 48)", "rgb(0, 114, 178)"],
        "dark": ["rgb(232, 236, 242)", "rgb(86, 180, 233)"],
    }
    assert page.evaluate(read) == expected[theme]


def test_a_run_of_a_trial_has_its_seed_in_its_name_once(clinic: Clinic, watched: Watched) -> None:
    with clinic.client() as client:
        ids = [
            client.post(
                "/v1/runs",
                json=spec(name=f"untreated, seed {seed}", training={"num_steps": 5, "seed": seed}),
            ).json()["id"]
            for seed in (3, 4)
        ]

    watched.page.goto("/compare?" + "&".join(f"run_id={one}" for one in ids))

    heads = watched.page.locator("thead th a")
    expect(heads).to_have_text(["untreated, seed 3", "untreated, seed 4"])
