"""Pictures show what they are given: spikes, values that are not finite, texts as texts."""

import struct
from dataclasses import replace

import numpy as np
import pytest

from app.pictures.content import Curve, Heat, Level, Lines, Picture, Span
from app.pictures.draw import draw

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


def test_a_picture_without_panels_says_that_nothing_was_measured() -> None:
    assert b"Nothing was measured yet." in draw(replace(PICTURE, panels=()))
