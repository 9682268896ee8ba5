"""Draws a heat map: an image within axes that are vectors.

Legend: P probes, T lags, x and y pixels.
"""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from app.pictures.content import Doubles, Heat

#: Decades of colour below the largest gradient.
MAX_DECADES = 20.0
_NEEDED = "#ffb000"
_ZERO, _NOTHING, _NOT_FINITE = (0, 0, 0, 255), (0, 0, 0, 0), (213, 0, 0, 255)
#: Pixels of the image in a pixel of the picture, as of a PNG.
_SHARPNESS = 2


def draw_heat(axes: Axes, bar: Axes, panel: Heat, size_px: tuple[int, int], muted: str) -> None:
    """Draws the panel, and its colours with their numbers in `bar`."""
    axes.set_ylabel("lag (timesteps back)", fontsize=8, color=muted)
    low, high = _ends(panel.log10_norm_PT)
    x_edges, y_edges = _edges(panel.steps_P), _edges(panel.lags_T)
    axes.imshow(
        _image(panel.log10_norm_PT, x_edges, y_edges, low, high, size_px),
        origin="lower",
        extent=(x_edges[0], x_edges[-1], y_edges[0], y_edges[-1]),
        aspect="auto",
        interpolation="nearest",
    )
    below, above = panel.horizon_interval_2P
    axes.fill_between(panel.steps_P, below, above, color="white", alpha=0.35, linewidth=0)
    axes.plot(panel.steps_P, panel.horizon_P, color="white", linewidth=1.5, label="reach")
    if panel.required_lag is not None:
        _draw_needed(axes, panel.required_lag)
    axes.set_xlim(x_edges[0], x_edges[-1])
    axes.set_ylim(y_edges[0], y_edges[-1])
    _draw_bar(bar, low, high, muted)


def _ends(log_PT: NDArray[np.floating]) -> tuple[float, float]:
    finite = log_PT[np.isfinite(log_PT)]
    if not finite.size:
        return 0.0, 1.0
    high = float(finite.max())
    low = max(float(finite.min()), high - MAX_DECADES)
    return low, max(high, low + 1e-9)


def _image(
    log_PT: NDArray[np.floating],
    x_edges: Doubles,
    y_edges: Doubles,
    low: float,
    high: float,
    size_px: tuple[int, int],
) -> NDArray[np.uint8]:
    """(y, x, 4) the colour of each pixel. Exactly 0 is black, NaN or infinity red.

    Past the end of a sequence there is nothing.

    Every probe and lag is seen where there are fewer than pixels.
    """
    colours = (mpl.colormaps["viridis"](np.arange(256)) * 255).astype(np.uint8)
    table = np.concatenate([colours, np.array([_ZERO, _NOTHING, _NOT_FINITE], dtype=np.uint8)])
    with np.errstate(invalid="ignore"):
        share_PT = np.clip((log_PT - low) / (high - low), 0, 1)
        index_PT = np.where(np.isnan(share_PT), 0, 255 * share_PT).astype(np.int16)
    index_PT[np.isneginf(log_PT)] = 256
    index_PT[np.isnan(log_PT)] = 257
    index_PT[np.isposinf(log_PT)] = 258
    probes_x = _nearest(x_edges, _SHARPNESS * size_px[0])
    lags_y = _nearest(y_edges, _SHARPNESS * size_px[1])
    return table[index_PT[np.ix_(probes_x, lags_y)].T]


def _nearest(edges: Doubles, num_px: int) -> NDArray[np.int64]:
    """Returns which cell the middle of each pixel lies in."""
    middles = np.linspace(edges[0], edges[-1], 2 * num_px + 1)[1::2]
    found = np.searchsorted(edges, middles, side="right") - 1
    return np.clip(found, 0, edges.size - 2)


def _draw_needed(axes: Axes, lag: float) -> None:
    axes.axhline(lag, color=_NEEDED, linewidth=1.5, linestyle="--")
    axes.annotate(
        "needed",
        (0.005, lag),
        xycoords=("axes fraction", "data"),
        va="top",
        fontsize=7,
        color=_NEEDED,
        bbox={"facecolor": "#00000099", "edgecolor": "none", "pad": 1},
    )


def _draw_bar(bar: Axes, low: float, high: float, muted: str) -> None:
    bar.imshow(
        np.linspace(0, 1, 256)[:, None],
        origin="lower",
        extent=(0, 1, low, high),
        aspect="auto",
        cmap="viridis",
    )
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.yaxis.set_label_position("right")
    bar.set_ylabel("log10 of the gradient", fontsize=8, color=muted)
    bar.tick_params(colors=muted, labelsize=7)


def _edges(centres_n: Doubles) -> Doubles:
    """Returns the n + 1 borders half way between neighbours."""
    if centres_n.size == 1:
        return np.array([centres_n[0] - 0.5, centres_n[0] + 0.5])
    middles = (centres_n[1:] + centres_n[:-1]) / 2
    first, last = 2 * centres_n[0] - middles[0], 2 * centres_n[-1] - middles[-1]
    return np.concatenate([[first], middles, [last]])
