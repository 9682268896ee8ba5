"""What the scripts of the pages compute, in the browser that runs them."""

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
_PAINT = """
const flowOf = (steps, rows) => heat_map_image.flowOf({
  steps,
  lags: rows[0].map((_, lag) => lag),
  low: -4,
  high: 0,
  cells: btoa(String.fromCharCode(...new Uint8Array(new Uint16Array(rows.flat()).buffer))),
});
const paintedBy = (flow, range) => {
  const [columns, rows] = [flow.steps.length, flow.lags.length];
  const edges = heat_map_image.edgesOf(flow.steps);
  const all = { from: edges[0], to: edges[columns] };
  const { data } = heat_map_image.paint(flow, range ?? all, columns, rows);
  return (column, lag) => [...data.slice(
    4 * ((rows - 1 - lag) * columns + column),
    4 * ((rows - 1 - lag) * columns + column) + 4)];
};
"""
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


def test_viridis_goes_from_dark_purple_to_yellow(page: Page) -> None:
    found = _run(page, "scales", "return [-1, 0, 0.5, 1, 2].map(scales.viridis);")

    purple, teal, yellow = [68, 1, 84], [33, 144, 141], [253, 231, 37]
    assert found == [purple, purple, teal, yellow, yellow]


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


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 10, 6, [0, 2, 4, 6, 8, 10]),
        (0, 10, 5, [0, 5, 10]),
        (-0.3, 0.3, 7, [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]),
        (0.1, 0.7, 7, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        (3, 97, 3, [50]),
        (5, 5, 4, [5]),
        (7, 5, 4, [7]),
        (1, 1e6, 3, [500_000, 1_000_000]),
    ],
)
def test_ticks_are_round(
    page: Page, low: float, high: float, most: int, expected: list[float]
) -> None:
    assert _run(page, "scales", "return scales.ticks(...given);", [low, high, most]) == expected


def test_there_are_no_more_ticks_than_asked_for(page: Page) -> None:
    body = """
    const found = [];
    for (let most = 2; most < 12; most++) {
      for (let i = 0; i < 500; i++) {
        const low = Math.sin(i) * 10 ** (i % 9 - 4);
        const high = low + 10 ** (i % 7 - 3) * (1.1 + Math.cos(i));
        const ticks = scales.ticks(low, high, most);
        const slack = (high - low) * 1e-6;
        if (ticks.length > most || ticks.some((one) => one < low - slack || one > high + slack)) {
          found.push([low, high, most, ticks]);
        }
      }
    }
    return found;
    """

    assert _run(page, "scales", body) == []


def test_ends_closer_than_numbers_can_be_told_apart_end(page: Page) -> None:
    body = "return scales.ticks(1e17, 1e17 + 16, 6).length;"

    found = _run(page, "scales", body)

    assert isinstance(found, int)
    assert found <= 7


def test_powers_of_ten_have_raised_exponents(page: Page) -> None:
    found = _run(page, "scales", "return [0, 3, -12].map(scales.powerOfTen);")

    assert found == ["10⁰", "10³", "10⁻¹²"]


def test_steps_have_spaces_between_thousands(page: Page) -> None:
    found = _run(page, "scales", "return [0, 999, 1000000, 0.5].map(scales.stepText);")

    assert found == ["0", "999", "1\u2009000\u2009000", "0.5"]


@pytest.mark.parametrize(
    ("steps", "logs", "expected"),
    [
        ([0, 50, 100], [0, 1, 2], "M0.0 30.0L50.0 15.0L100.0 0.0"),
        ([10, 20, 30, 40, 50], [0, 2, None, 1, 2], "M0.0 30.0L25.0 0.0M75.0 15.0L100.0 0.0"),
        ([0, 1, 2], [None, 2, None], "M50.0 0.0h0"),
        ([7], [1], "M0.0 15.0h0"),
        ([], [], ""),
    ],
)
def test_a_small_curve_shows_every_value(
    page: Page, steps: list[int], logs: list[float | None], expected: str
) -> None:
    body = "return small_multiples.pathOf(given.steps, given.logs, 0, 2);"

    assert _run(page, "small_multiples", body, {"steps": steps, "logs": logs}) == expected


def test_a_heat_map_has_a_pixel_for_each_probe_and_lag(page: Page) -> None:
    body = f"""{_PAINT}
    const at = paintedBy(flowOf([0, 10], [[65535, 3, 32769], [65535, 0, 3]]));
    return [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2)];
    """

    found = _run(page, "heat_map_image", body)

    yellow, purple, teal = [253, 231, 37, 255], [68, 1, 84, 255], [33, 144, 141, 255]
    nothing = [0, 0, 0, 0]
    assert isinstance(found, list)
    assert [*found[:2], *found[3:]] == [yellow, purple, yellow, nothing, purple]
    # there are 256 colours
    assert found[2] == pytest.approx(teal, abs=3)


def test_a_heat_map_marks_what_is_zero_or_not_finite(page: Page) -> None:
    body = f"""{_PAINT}
    const flow = flowOf([0, 10], [[65535, 1, 1], [2, 2, 0]]);
    const at = paintedBy(flow);
    return [
      [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2)],
      [0, 1, 2].map((row) => heat_map_image.cellAt(flow, 1, row)),
      heat_map_image.cellAt(flow, 0, 1),
      heat_map_image.cellAt(flow, 0, 0),
    ];
    """

    found = _run(page, "heat_map_image", body)

    yellow, black, red = [253, 231, 37, 255], [0, 0, 0, 255], [213, 0, 0, 255]
    nothing = [0, 0, 0, 0]
    assert found == [
        [yellow, black, black, red, red, nothing],
        ["not finite", "not finite", "none"],
        "exactly 0",
        0,
    ]


def test_a_part_of_a_heat_map_is_painted(page: Page) -> None:
    body = f"""{_PAINT}
    const at = paintedBy(flowOf([0, 10, 20, 30], [[3], [1], [65535], [3]]), {{ from: 5, to: 25 }});
    return [0, 1, 2, 3].map((column) => at(column, 0));
    """

    found = _run(page, "heat_map_image", body)

    black, yellow = [0, 0, 0, 255], [253, 231, 37, 255]
    assert found == [black, black, yellow, yellow]


def test_colours_reach_no_further_than_twenty_decades(page: Page) -> None:
    found = _run(
        page, "heat_map_image", "return heat_map_image.shownDecades({ low: -300, high: 0 });"
    )

    assert found == [-20, 0]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("group.stretch(0.5, 100)", [50, 550]),
        ("group.shift(0.5)", None),
        ("group.zoom({ from: 900, to: 1100 }); group.shift(1)", [800, 1000]),
        ("group.zoom({ from: 10, to: 20 }); group.stretch(2, 10)", [10, 30]),
        ("group.zoom({ from: 10, to: 20 }); group.stretch(1000, 15)", None),
        ("group.zoom({ from: 500, to: 500 })", [500, 504]),
        ("group.zoom({ from: 10, to: 20 }); group.zoom(null)", None),
    ],
)
def test_a_range_stays_within_the_steps_there_are(
    page: Page, act: str, expected: list[int] | None
) -> None:
    body = f"""
    const group = new range_group.RangeGroup(() => undefined);
    group.include(0, 1000);
    {act};
    return group.shown && [group.shown.from, group.shown.to];
    """

    assert _run(page, "range_group", body) == expected


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
