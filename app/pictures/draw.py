"""Draws a picture by matplotlib. Axes are vectors; a heat map is an image within them."""

import io
from types import MappingProxyType

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from app.pictures.content import Curve, Heat, Lines, Panel, Picture, Theme

#: Pixels of a panel's height, and dots an inch of a PNG, which is as sharp as twice its size.
PANEL_PX, DPI, SHARPNESS = 260, 100, 2
#: Okabe and Ito's colours, which people with any colour vision tell apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9")
_SEVERITY = MappingProxyType({"critical": "#b3261e", "warning": "#c98500", "info": "#7d8796"})
_INK = MappingProxyType(
    {
        "light": {"page": "#ffffff", "text": "#1b2330", "muted": "#57606f", "grid": "#e3e6eb"},
        "dark": {"page": "#181e27", "text": "#e8ecf2", "muted": "#a3adbb", "grid": "#29313f"},
    }
)
#: Decades of colour below the largest gradient.
MAX_DECADES = 20.0
_CURVE_LABELS = 8

# texts in a vector picture stay texts, which can be searched and scale
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "clinic"
mpl.rcParams["font.family"] = "sans-serif"
mpl.rcParams["axes.unicode_minus"] = True


def draw(picture: Picture) -> bytes:
    """Returns the picture as a file of its form."""
    height = PANEL_PX * max(1, len(picture.panels)) + 40
    ink = _INK[picture.theme]
    figure = Figure(
        figsize=(picture.width / DPI, height / DPI),
        dpi=DPI,
        facecolor=ink["page"],
        layout="constrained",
    )
    FigureCanvasAgg(figure)
    figure.suptitle(picture.title, color=ink["text"], fontsize=11, parse_math=False)
    if not picture.panels:
        figure.text(0.5, 0.4, "Nothing was measured yet.", color=ink["muted"], ha="center")
    for row, panel in enumerate(picture.panels, start=1):
        _draw_panel(figure.add_subplot(len(picture.panels), 1, row), panel, picture.theme)
    file = io.BytesIO()
    metadata = {"Date": None} if picture.form == "svg" else {"Software": None}
    figure.savefig(
        file,
        format=picture.form,
        dpi=DPI * (SHARPNESS if picture.form == "png" else 1),
        facecolor=ink["page"],
        metadata=metadata,
    )
    return file.getvalue()


def _draw_panel(axes: Axes, panel: Panel, theme: Theme) -> None:
    ink = _INK[theme]
    axes.set_facecolor(ink["page"])
    axes.set_title(panel.title, loc="left", fontsize=9, color=ink["text"], parse_math=False)
    axes.tick_params(colors=ink["muted"], labelsize=8)
    for spine in axes.spines.values():
        spine.set_color(ink["grid"])
    axes.set_xlabel("training step", fontsize=8, color=ink["muted"])
    if isinstance(panel, Heat):
        _draw_heat(axes, panel, ink["muted"])
    else:
        _draw_lines(axes, panel, ink)


def _draw_lines(axes: Axes, panel: Lines, ink: dict[str, str]) -> None:
    axes.set_ylabel(panel.unit, fontsize=8, color=ink["muted"])
    axes.grid(visible=True, color=ink["grid"], linewidth=0.6)
    finite = [curve.values_n[np.isfinite(curve.values_n)] for curve in panel.curves]
    if (
        panel.may_be_log
        and any(one.size for one in finite)
        and all((one > 0).all() for one in finite)
    ):
        axes.set_yscale("log")
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


def _draw_heat(axes: Axes, panel: Heat, muted: str) -> None:
    axes.set_ylabel("lag (timesteps back)", fontsize=8, color=muted)
    log_PT = panel.log10_norm_PT
    finite = log_PT[np.isfinite(log_PT)]
    high = float(finite.max()) if finite.size else 1.0
    low = max(float(finite.min()), high - MAX_DECADES) if finite.size else 0.0
    colours = mpl.colormaps["viridis"].with_extremes(bad="#00000000", under="black")
    shown_TP = np.where(np.isneginf(log_PT), low - 1, np.maximum(log_PT, low)).T
    shown_TP = np.where(np.isneginf(log_PT.T), low - 1, shown_TP)
    mesh = axes.pcolormesh(
        _edges(panel.steps_P),
        _edges(panel.lags_T),
        shown_TP,
        cmap=colours,
        vmin=low,
        vmax=max(high, low + 1e-9),
        rasterized=True,
    )
    bar = axes.figure.colorbar(mesh, ax=axes, pad=0.01)
    bar.set_label("log10 of the gradient", fontsize=8, color=muted)
    bar.ax.tick_params(colors=muted, labelsize=7)
    below, above = panel.horizon_interval_2P
    axes.plot(panel.steps_P, panel.horizon_P, color="white", linewidth=1.5, label="reach")
    axes.vlines(panel.steps_P, below, above, color="white", linewidth=0.7)
    if panel.required_lag is not None:
        axes.axhline(panel.required_lag, color="#ffb000", linewidth=1.5, linestyle="--")
        axes.annotate(
            "needed",
            (0.005, panel.required_lag),
            xycoords=("axes fraction", "data"),
            va="top",
            fontsize=7,
            color="#ffb000",
        )


def _edges(centres_n: np.ndarray) -> np.ndarray:
    """Returns the n + 1 borders half way between neighbours."""
    if centres_n.size == 1:
        return np.array([centres_n[0] - 0.5, centres_n[0] + 0.5])
    middles = (centres_n[1:] + centres_n[:-1]) / 2
    first, last = 2 * centres_n[0] - middles[0], 2 * centres_n[-1] - middles[-1]
    return np.concatenate([[first], middles, [last]])
