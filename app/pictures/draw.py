"""Draws a picture by matplotlib. Axes are vectors; a heat map is an image within them."""

import io
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from app.pictures.content import Curve, Heat, Lines, Panel, Picture
from app.pictures.draw_heat import draw_heat
from app.pictures.layout import Layout

#: Dots an inch, and how many dots of a PNG are beside each other in one of them.
DPI, SHARPNESS = 100, 2
#: Okabe and Ito's colours, which people with any colour vision tell apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9")
_SEVERITY = MappingProxyType({"critical": "#b3261e", "warning": "#c98500", "info": "#7d8796"})
_INK = MappingProxyType(
    {
        "light": {"page": "#ffffff", "text": "#1b2330", "muted": "#57606f", "grid": "#e3e6eb"},
        "dark": {"page": "#181e27", "text": "#e8ecf2", "muted": "#a3adbb", "grid": "#29313f"},
    }
)
_CURVE_LABELS = 8
#: A logarithmic axis of fewer decades has ticks between the powers of ten.
FEW_DECADES = 1.5
#: Powers of ten up to this exponent are written out.
PLAIN_DECADES = 3
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: Pixels from one tick of the steps to the next at least.
TICK_PX = 110

# texts in a vector picture stay texts, which can be searched and scale
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "clinic"
mpl.rcParams["font.family"] = "sans-serif"
mpl.rcParams["axes.unicode_minus"] = True


def draw(picture: Picture) -> bytes:
    """Returns the picture as a file of its form."""
    layout = Layout.of(picture)
    ink = _INK[picture.theme]
    figure = Figure(
        figsize=(layout.width_px / DPI, layout.height_px / DPI), dpi=DPI, facecolor=ink["page"]
    )
    FigureCanvasAgg(figure)
    figure.text(
        0.5,
        1 - 16 / layout.height_px,
        picture.title,
        color=ink["text"],
        fontsize=11,
        ha="center",
        va="center",
        parse_math=False,
    )
    if not picture.panels:
        figure.text(0.5, 0.4, "Nothing was measured yet.", color=ink["muted"], ha="center")
    for row, panel in enumerate(picture.panels):
        axes = figure.add_axes(layout.place(row))
        _prepare(axes, panel, ink, layout)
        if isinstance(panel, Heat):
            bar = figure.add_axes(layout.bar_place(row))
            draw_heat(axes, bar, panel, layout.size_of_axes(), ink["muted"])
        else:
            _draw_lines(axes, panel, ink)
    return _file_of(figure, picture)


def _file_of(figure: Figure, picture: Picture) -> bytes:
    file = io.BytesIO()
    options: dict[str, Any] = {"metadata": {"Date": None}}
    if picture.form == "png":
        # a higher level would save a fifth of the bytes and take a fifth of the time
        options = {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 2}}
    figure.savefig(
        file,
        format=picture.form,
        dpi=DPI * (SHARPNESS if picture.form == "png" else 1),
        facecolor=figure.get_facecolor(),
        **options,
    )
    return file.getvalue()


def _prepare(axes: Axes, panel: Panel, ink: dict[str, str], layout: Layout) -> None:
    axes.set_facecolor(ink["page"])
    axes.set_title(panel.title, loc="left", y=1.0, fontsize=9, color=ink["text"], parse_math=False)
    axes.tick_params(colors=ink["muted"], labelsize=8)
    for spine in axes.spines.values():
        spine.set_color(ink["grid"])
    axes.set_xlabel("training step", fontsize=8, color=ink["muted"])
    width_px, _ = layout.size_of_axes()
    axes.xaxis.set_major_locator(MaxNLocator(max(2, width_px // TICK_PX), integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}".replace(",", " ")))


def _draw_lines(axes: Axes, panel: Lines, ink: dict[str, str]) -> None:
    axes.set_ylabel(panel.unit, fontsize=8, color=ink["muted"])
    axes.grid(visible=True, color=ink["grid"], linewidth=0.6)
    finite = [curve.values_n[np.isfinite(curve.values_n)] for curve in panel.curves]
    if (
        panel.may_be_log
        and any(one.size for one in finite)
        and all((one > 0).all() for one in finite)
    ):
        _set_log_scale(axes, np.concatenate(finite))
    for index, curve in enumerate(panel.curves):
        _draw_curve(axes, curve, _COLOURS[index % len(_COLOURS)])
    for level in panel.levels:
        axes.axhline(level.value, color=ink["muted"], linewidth=0.9, linestyle=":")
        axes.annotate(
            level.label,
            (1, level.value),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
            fontsize=7,
            color=ink["muted"],
            parse_math=False,
        )
    for row, span in enumerate(panel.spans):
        axes.axvspan(
            span.first_step,
            max(span.last_step, span.first_step + 1),
            ymin=0.025 * row,
            ymax=0.025 * row + 0.018,
            color=_SEVERITY.get(span.severity, _SEVERITY["info"]),
        )
    if 1 < len(panel.curves) <= _CURVE_LABELS:
        legend = axes.legend(fontsize=7, frameon=False, labelcolor=ink["text"], loc="upper right")
        for text in legend.get_texts():
            text.set_parse_math(False)


def _set_log_scale(axes: Axes, values_n: np.ndarray) -> None:
    """Labels powers of ten, and 2 and 5 times them where there are fewer than two of those.

    The texts are plain, since formulas take ten times as long.
    """
    axes.set_yscale("log")
    decades = np.log10(values_n.max() / values_n.min())
    axes.yaxis.set_major_locator(
        LogLocator(subs=(1.0,) if decades > FEW_DECADES else (1.0, 2.0, 5.0), numticks=8)
    )
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: power_text(value)))


def power_text(value: float) -> str:
    """Returns a tick of a logarithmic axis, for example `0.02` or `10\u207b\u2074`."""
    exponent = np.log10(value) if value > 0 else 0.0
    if abs(exponent) <= PLAIN_DECADES or abs(exponent - round(exponent)) > 1e-9:  # noqa: PLR2004 - rounding
        return f"{value:g}".replace("-", "\u2212")
    return "10" + str(round(exponent)).translate(_RAISED)


def _draw_curve(axes: Axes, curve: Curve, colour: str) -> None:
    is_finite_n = np.isfinite(curve.values_n)
    axes.plot(
        curve.steps_n[is_finite_n],
        curve.values_n[is_finite_n],
        color=colour,
        linewidth=1.1,
        linestyle=":" if curve.is_dotted else "-",
        marker="o" if is_finite_n.sum() < 40 else None,  # noqa: PLR2004 - few enough to tell apart
        markersize=2.5,
        label=curve.label,
    )
    bad_n = curve.steps_n[~is_finite_n]
    if bad_n.size:
        axes.plot(
            bad_n,
            np.ones_like(bad_n),
            "v",
            color=_SEVERITY["critical"],
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            markersize=5,
            label=f"{curve.label}: {bad_n.size} not finite",
        )
