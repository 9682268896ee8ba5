"""What scripts of the pages do with a page, in the browser that runs them.

What they compute without a page is tested in `tests/dashboard/static/`, in Node.js.
"""

import math
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from app.dashboard.assets import asset_url
from app.dashboard.words import short_number
from tests.api.conftest import Clinic

#: Ordinary numbers; ends of the ranges that are written alike; halves, which may be rounded up or
#: to even; numbers that are longer after rounding.
NUMBERS = (
    *(0.0, -0.0, 1.0, -1.0, 0.1, 12.0, 120.0, 123.456, -2.5, 1 / 3, 2e-3, 1e-3, 9.99e-4),
    *(1e5, 99_999.4, 99_999.6, 1e-300, 1.7e308, -4.2e-17, 12_345.0, -54_321.9),
    *(1.125, -1.125, 0.0625, 1000.5, 1001.5, 2.5e-7, 1.125e9, 999.4, 999.5, 999.9, 9.995, 99.95),
)
_SCHEMA = """
const root = {
  properties: {
    model: {
      oneOf: [{ $ref: "#/$defs/Gru" }, { $ref: "#/$defs/Elman" }],
      default: { kind: "gru" },
    },
    training: { $ref: "#/$defs/Training" },
    tags: { type: "array", items: { type: "string" }, default: [] },
    lags: { anyOf: [{ type: "array", items: { type: "integer" } }, { type: "null" }] },
  },
  $defs: {
    Gru: { properties: { kind: { const: "gru" }, hidden_size: { type: "integer", default: 32 } } },
    Elman: {
      properties: {
        kind: { const: "elman" },
        activation: { enum: ["tanh", "relu"], default: "tanh" },
      },
    },
    Training: {
      properties: {
        num_steps: { type: "integer", default: 1000 },
        rate: { type: "number", default: 0.01 },
        shuffle: { type: "boolean", default: true },
      },
    },
  },
};
const place = document.createElement("form");
document.body.replaceChildren(place);
const form = new schema_form.SchemaForm(root, () => undefined);
const parts = {};
for (const name of Object.keys(root.properties)) parts[name] = form.add(place, name);
const read = () => Object.fromEntries(
  Object.entries(parts).map(([name, part]) => [name, part.read() ?? null]));
const input = (pointer) => place.querySelector(`[data-pointer="${pointer}"]`);
"""


@pytest.fixture(scope="module")
def page(browser: Browser, clinic: Clinic) -> Iterator[Page]:
    context = browser.new_context(base_url=clinic.url)
    made = context.new_page()
    made.goto("/sign-in")
    yield made
    context.close()


def _run(page: Page, module: str, body: str, argument: object = None) -> object:
    """Runs the body of a function that has the module under its name, and `given`."""
    source = asset_url(f"{module}.js")
    return page.evaluate(
        f"async (given) => {{ const {module} = await import('{source}'); {body} }}", argument
    )


def test_numbers_are_written_as_by_the_server(page: Page) -> None:
    found = _run(page, "scales", "return given.map((one) => scales.shortNumber(one));", [*NUMBERS])

    assert found == [short_number(value) for value in NUMBERS]


def test_what_is_no_number_is_written_as_by_the_server(page: Page) -> None:
    body = (
        "return [NaN, Infinity, -Infinity, null, undefined].map((one) => scales.shortNumber(one));"
    )

    found = _run(page, "scales", body)

    given = (math.nan, math.inf, -math.inf, None, None)
    assert found == [short_number(value) for value in given]


def test_more_digits_are_written_where_they_are_asked_for(page: Page) -> None:
    found = _run(page, "scales", "return scales.shortNumber(12345.6, 6);")

    assert found == short_number(12345.6, 6) == "12345.6"


def test_movements_are_drawn_once_a_frame_and_read_once_at_their_end(page: Page) -> None:
    body = """
    const read = [];
    let drawn = 0;
    const settled = new Promise((done) => {
      const group = new range_group.RangeGroup((range) => { read.push(range); done(); });
      group.include(0, 1000);
      group.add({ showRange: () => drawn++ });
      for (let i = 0; i < 10; i++) group.move({ from: 100.2 + i, to: 200.7 + i });
    });
    await settled;
    return [drawn, read];
    """

    assert _run(page, "range_group", body) == [1, [{"from": 109, "to": 210}]]


def test_an_untouched_form_reads_as_nothing(page: Page) -> None:
    found = _run(page, "schema_form", f"{_SCHEMA} return read();")

    assert found == {"model": None, "training": None, "tags": None, "lags": None}


def test_a_form_reads_what_was_entered_alone(page: Page) -> None:
    body = f"""{_SCHEMA}
    input("/training/rate").value = "0.5";
    input("/training/shuffle").value = "false";
    input("/tags").value = "one, two,";
    input("/lags").value = "1, 20";
    const kind = input("/model/kind");
    kind.value = "elman";
    kind.dispatchEvent(new Event("change"));
    input("/model/activation").value = "relu";
    return read();
    """

    assert _run(page, "schema_form", body) == {
        "model": {"kind": "elman", "activation": "relu"},
        "training": {"rate": 0.5, "shuffle": False},
        "tags": ["one", "two"],
        "lags": [1, 20],
    }


def test_text_in_the_place_of_a_number_is_left_to_the_server(page: Page) -> None:
    body = f"""{_SCHEMA} input("/training/rate").value = "much"; return read().training;"""

    assert _run(page, "schema_form", body) == {"rate": "much"}


def test_a_form_leaves_defaults_out_that_were_written_into_it(page: Page) -> None:
    body = f"""{_SCHEMA}
    parts.model.write({{ kind: "elman", activation: "tanh" }});
    parts.training.write({{ num_steps: 1000, rate: 0.25, shuffle: true }});
    parts.tags.write([]);
    return read();
    """

    assert _run(page, "schema_form", body) == {
        "model": {"kind": "elman"},
        "training": {"rate": 0.25},
        "tags": None,
        "lags": None,
    }


def test_problems_are_shown_at_their_fields(page: Page) -> None:
    body = f"""{_SCHEMA}
    const problems = [
      {{ pointer: "/training/rate", detail: "too large" }},
      {{ pointer: "/elsewhere", detail: "unknown" }},
    ];
    const left = schema_form.showProblems(place, problems);
    const shown = () => [...place.querySelectorAll("[aria-invalid]")].map((one) =>
      [one.dataset.pointer, one.parentElement.querySelector(".problem").textContent]);
    const before = shown();
    schema_form.showProblems(place, []);
    return {{ left, before, after: shown(), texts: place.querySelector(".problem:not(:empty)") }};
    """

    assert _run(page, "schema_form", body) == {
        "left": [{"pointer": "/elsewhere", "detail": "unknown"}],
        "before": [["/training/rate", "too large"]],
        "after": [],
        "texts": None,
    }
