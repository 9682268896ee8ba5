"""What the page of a run shows of its examples, in the browser that draws them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from app.dashboard.assets import asset_url
from tests.api.conftest import Clinic

NUMBERS = {"output": {"kind": "numbers"}}
SYMBOLS = {"output": {"kind": "classes", "classes": ["a", "b"]}}


@pytest.fixture(scope="module")
def page(browser: Browser, clinic: Clinic) -> Iterator[Page]:
    context = browser.new_context(base_url=clinic.url)
    made = context.new_page()
    made.goto("/sign-in")
    yield made
    context.close()


def _figures(page: Page, golden: object, model: object) -> list[dict[str, object]]:
    """The caption of each figure, its lines, the number of its dots, and its wrong symbols."""
    source = f"""async ([golden, model]) => {{
      const {{ figures }} = await import('{asset_url("examples.js")}');
      return figures(golden, model).map((one) => ({{
        caption: one.querySelector('figcaption').textContent,
        lines: [...one.querySelectorAll('path')].map((path) => path.getAttribute('class')),
        dots: one.querySelectorAll('circle').length,
        wrong: [...one.querySelectorAll('.wrong')].map((symbol) => symbol.textContent),
      }}));
    }}"""
    found: list[dict[str, object]] = page.evaluate(source, [golden, model])
    return found


def _golden(timesteps: list[object], rows: list[object], target: object) -> dict[str, object]:
    return {
        "inputs": [{"series": None, "timesteps": timesteps}],
        "targets": [target],
        "outputs": {"model.safetensors": [{"rows": rows}]},
    }


def test_the_target_of_a_whole_sequence_is_told_beside_the_marked_input(page: Page) -> None:
    golden = _golden([[0.5, 1], [0.25, 0], [0.75, 1]], [[1.2]], [[1.25]])

    assert _figures(page, golden, NUMBERS) == [
        {"caption": "target 1.25, prediction 1.2", "lines": ["input"], "dots": 2, "wrong": []}
    ]


def test_a_forecast_goes_on_where_its_input_ends(page: Page) -> None:
    golden = _golden([[1.0], [2.0], [3.0]], [[4.5, 5.5]], [[4.0, 5.0]])

    [figure] = _figures(page, golden, NUMBERS)

    assert figure["caption"] == "target 5, prediction 5.5"
    assert figure["lines"] == ["input", "target", "predicted"]


def test_of_quantiles_the_one_in_the_middle_is_shown(page: Page) -> None:
    golden = _golden([[1.0], [2.0]], [[3.0, 4.0, 5.0, 6.0, 7.0, 8.0]], [[4.5, 7.5]])

    [figure] = _figures(page, golden, NUMBERS)

    assert figure["caption"] == "target 7.5, prediction 7"


def test_a_wrong_symbol_is_shown_with_the_right_one(page: Page) -> None:
    golden = _golden(["a", "b"], [[0.9, 0.1], [0.8, 0.2]], [["a"], ["b"]])

    [figure] = _figures(page, golden, SYMBOLS)

    assert figure["wrong"] == ["a (b)"]


def test_examples_of_an_earlier_release_have_no_target(page: Page) -> None:
    golden = {**_golden([[1.0], [2.0]], [[3.0]], None)}
    del golden["targets"]

    assert _figures(page, golden, NUMBERS)[0]["caption"] == "target –, prediction 3"
