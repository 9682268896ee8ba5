"""Pictures show what they are given: spikes, values that are not finite, texts as texts."""

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from app.pictures.content import Curve, Heat, Level, Lines, Picture, Span
from app.pictures.draw import draw, power_text

STEPS = np.arange(100.0)
CURVE = Curve(label="loss", steps_n=STEPS, values_n=np.full(100, 0.5))
LINES = Lines(
    title="Loss",
    unit="nats",
    curves=(CURVE,),
    levels=(Level(label="naive", value=0.7),),
    spans=(Span(label="x", severity="critical", first_step=10, last_step=60),),
)
HEAT = Heat(
    title="Flow",
    steps_P=np.array([0.0, 50.0, 99.0]),
    lags_T=np.arange(40.0),
    log10_norm_PT=np.tile(-np.arange(40.0) / 4, (3, 1)),
    horizon_P=np.array([8.0, 8.0, 9.0]),
    horizon_interval_2P=np.array([[7.0, 7.0, 8.0], [9.0, 9.0, 10.0]]),
    required_lag=39.0,
)
PICTURE = Picture(title="a run", panels=(HEAT, LINES), form="svg", width=600, theme="light")


def test_a_vector_picture_has_its_texts_as_texts() -> None:
    drawn = draw(PICTURE).decode()

    assert all(text in drawn for text in ("a run", "naive", "lag (timesteps back)", "nats"))


def test_texts_of_clients_are_no_markup_and_no_formulas() -> None:
    evil = "<script>alert(1)</script> $\\frac{1}{$ & é"
    drawn = draw(replace(PICTURE, title=evil)).decode()

    assert "<script" not in drawn
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $\\frac{1}{$ &amp; é" in drawn


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_pixel_picture_is_twice_as_sharp_as_its_width(theme: str) -> None:
    drawn = draw(replace(PICTURE, form="png", theme=theme))  # type: ignore[arg-type]

    width, _ = struct.unpack(">II", drawn[16:24])
    assert drawn.startswith(b"\x89PNG")
    assert width == 1200


def test_the_same_picture_has_the_same_bytes() -> None:
    assert draw(PICTURE) == draw(PICTURE)


def test_a_spike_of_one_step_changes_the_picture() -> None:
    spiked = CURVE.values_n.copy()
    spiked[50] = 1e6
    lines = replace(LINES, curves=(replace(CURVE, values_n=spiked),))

    plain = draw(replace(PICTURE, panels=(LINES,)))

    assert draw(replace(PICTURE, panels=(lines,))) != plain


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_marked_and_counted(bad: float) -> None:
    values = CURVE.values_n.copy()
    values[[3, 4]] = bad
    curves = (replace(CURVE, values_n=values), CURVE)

    drawn = draw(replace(PICTURE, panels=(replace(LINES, curves=curves),))).decode()

    assert "loss: 2 not finite" in drawn


@pytest.mark.parametrize(
    "panel",
    [
        replace(LINES, curves=()),
        replace(LINES, curves=(replace(CURVE, values_n=np.full(100, np.nan)),)),
        replace(LINES, curves=(replace(CURVE, values_n=np.zeros(100)),)),
        replace(HEAT, log10_norm_PT=np.full((3, 40), -np.inf)),
        replace(HEAT, log10_norm_PT=np.full((3, 40), np.nan)),
        replace(
            HEAT,
            steps_P=HEAT.steps_P[:1],
            log10_norm_PT=HEAT.log10_norm_PT[:1],
            horizon_P=HEAT.horizon_P[:1],
            horizon_interval_2P=HEAT.horizon_interval_2P[:, :1],
        ),
    ],
)
def test_measurements_at_their_edges_are_drawn(panel: Lines | Heat) -> None:
    assert draw(replace(PICTURE, panels=(panel,))).startswith(b"<?xml")


def test_a_spike_of_one_step_is_as_tall_as_the_axis() -> None:
    steps = np.arange(0, 1_000_000, 625, dtype=np.float64)
    values = np.full(steps.size, 0.5)
    values[987] = 500.0
    curve = Curve(label="loss", steps_n=steps, values_n=values)
    lines = Lines(title="Loss", unit="", curves=(curve,))

    drawn = pixels(draw(replace(PICTURE, form="png", panels=(lines,))))

    is_curve = np.abs(drawn[:, :, :3].astype(int) - [0, 0x72, 0xB2]).sum(axis=2) < 60
    columns = np.flatnonzero(is_curve.any(axis=0))
    share = (steps[987] - steps[0]) / (steps[-1] - steps[0])
    expected = columns[0] + share * (columns[-1] - columns[0])
    (tall,) = np.nonzero(is_curve.sum(axis=0) > 200)
    assert tall.mean() == pytest.approx(expected, abs=4)
    assert tall.size <= 6


def test_every_probe_of_a_heat_map_has_its_column() -> None:
    log_PT = np.zeros((100, 40))
    log_PT[61] = -9.0
    heat = replace(
        HEAT,
        steps_P=np.arange(100.0),
        log10_norm_PT=log_PT,
        horizon_P=np.zeros(100),
        horizon_interval_2P=np.zeros((2, 100)),
        required_lag=None,
    )

    drawn = pixels(draw(replace(PICTURE, form="png", panels=(heat,))))

    is_low = np.abs(drawn[:, :, :3].astype(int) - [68, 1, 84]).sum(axis=2) < 20
    assert (is_low.sum(axis=0) > 300).sum() in range(8, 12)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-3, "0.001"), (1e-4, "10⁻⁴"), (1e12, "10¹²"), (2e-5, "2e−05"), (1.0, "1"), (500.0, "500")],
)
def test_powers_of_ten_are_short_texts(value: float, text: str) -> None:
    assert power_text(value) == text


def test_a_narrow_range_of_a_logarithmic_axis_has_numbers() -> None:
    curve = replace(CURVE, values_n=np.linspace(0.3, 0.6, 100))

    drawn = draw(replace(PICTURE, panels=(replace(LINES, curves=(curve,), levels=()),))).decode()

    assert ">0.5</text>" in drawn


def pixels(file: bytes) -> np.ndarray:
    """(height, width, 4) of a PNG."""
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGBA"))


def test_a_picture_without_panels_says_that_nothing_was_measured() -> None:
    assert b"Nothing was measured yet." in draw(replace(PICTURE, panels=()))
