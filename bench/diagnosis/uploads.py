"""The data sets of uploaded tasks, made by formula from a few options and a seed.

A fault in the data is a changed option, so that a change of the data is described like a change of
the job spec. Shapes: N rows, T timesteps.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from app.domain.seeding import numpy_generator
from app.domain.telemetry import DoubleArray

#: A number or a name.
Option = float | int | str
Options = Mapping[str, Option]
UploadKind = Literal["series", "labelled", "text"]

SERIES: Options = MappingProxyType(
    {
        "rows": 700,
        #: Timesteps of one period.
        "season": 12,
        #: Standard deviation of the noise; the season has about 0.7.
        "noise": 0.1,
        #: Share of the values that are replaced by white noise.
        "random_share": 0.0,
        #: Rise from the first to the last row.
        "trend": 0.0,
        "outliers": 0,
        "outlier_size": 0.0,
        #: Coefficient of the value before, for a random walk that falls back.
        "persistence": 0.0,
        "series": 1,
    }
)
LABELLED: Options = MappingProxyType(
    {
        "sequences": 500,
        "length": 20,
        #: What the label depends on: `first_sign`, `first_mean` or `sum_sign`.
        "rule": "first_sign",
        #: Share of the labels that are replaced by another one's.
        "random_share": 0.0,
        #: Share of the second class.
        "rare_share": 0.5,
        "outliers": 0,
        "outlier_size": 0.0,
        #: All values are multiplied by it and shifted by it.
        "scale": 1.0,
    }
)
TEXT: Options = MappingProxyType(
    {
        "characters": 9000,
        #: A symbol determines the one that follows so many places later.
        "lag": 3,
        "symbols": 6,
        #: Share of the characters that are random.
        "random_share": 0.05,
    }
)
DEFAULTS: Mapping[str, Options] = MappingProxyType(
    {"series": SERIES, "labelled": LABELLED, "text": TEXT}
)
#: Timesteps at the start of a sequence whose mean `first_mean` is.
_FIRST = 3


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A data set by the name of its formula and the options that differ from the defaults."""

    kind: UploadKind
    options: Options = field(default_factory=dict)

    def changed(self, options: Options) -> "Upload":
        """Raises KeyError for an option that the formula lacks."""
        for name in options:
            _ = DEFAULTS[self.kind][name]
        return replace(self, options={**self.options, **options})

    def option(self, name: str) -> Option:
        return {**DEFAULTS[self.kind], **self.options}[name]

    def number(self, name: str) -> float:
        return float(self.option(name))

    def count(self, name: str) -> int:
        return int(self.option(name))

    def content(self, seed: int) -> bytes:
        """Returns the file that a client would send."""
        text = _MAKERS[self.kind](self, numpy_generator(seed, "benchmark", self.kind))
        return text.encode()


def _series(upload: Upload, rng: np.random.Generator) -> str:
    lines = ["series,value"]
    for index in range(upload.count("series")):
        level, size = (0.0, 1.0) if index == 0 else (rng.normal(0, 5), rng.uniform(0.5, 3))
        values_N = level + size * _one_series(upload, rng)
        lines += [f"s{index},{value:.6g}" for value in values_N]
    return "\n".join(lines) + "\n"


def _one_series(upload: Upload, rng: np.random.Generator) -> DoubleArray:
    num_rows, season = upload.count("rows"), upload.number("season")
    persistence = upload.number("persistence")
    time_N: DoubleArray = np.arange(num_rows, dtype=np.float64)
    time_N = (time_N + rng.uniform(0, season)) / season
    values_N: DoubleArray = rng.normal(0, upload.number("noise"), num_rows)
    if persistence:
        for row in range(1, num_rows):
            values_N[row] += persistence * values_N[row - 1]
    else:
        values_N += _season(time_N)
    is_random_N = rng.random(num_rows) < upload.number("random_share")
    values_N[is_random_N] = rng.normal(0, 0.7, int(is_random_N.sum()))
    values_N += upload.number("trend") * np.arange(num_rows) / num_rows
    # in the first half, so that the training part has them
    places = rng.choice(num_rows // 2, upload.count("outliers"), replace=False)
    values_N[places] += upload.number("outlier_size") * rng.choice([-1, 1], places.size)
    return values_N


def _season(phase_N: DoubleArray) -> DoubleArray:
    """A peak once a period, which the last value alone does not predict."""
    turn_N = 2 * math.pi * phase_N
    wave_N: DoubleArray = np.sin(turn_N) + 0.6 * np.sin(2 * turn_N + 1) + 0.4 * np.cos(3 * turn_N)
    return wave_N / 1.2


def _labelled(upload: Upload, rng: np.random.Generator) -> str:
    rows: list[tuple[int, float, float]] = []
    labels: list[float] = []
    wanted_rare = round(upload.count("sequences") * upload.number("rare_share"))
    num_rare, scale = 0, upload.number("scale")
    while len(labels) < upload.count("sequences"):
        values_T = rng.normal(0, 1, upload.count("length"))
        label = _label(str(upload.option("rule")), values_T)
        is_rare = label > 0
        num_missing = upload.count("sequences") - len(labels)
        # until enough are rare, and as many are left for the frequent class as it needs
        if _is_class(upload) and is_rare and num_rare >= wanted_rare:
            continue
        if _is_class(upload) and not is_rare and num_missing <= wanted_rare - num_rare:
            continue
        num_rare += is_rare
        rows += [(len(labels), value, label) for value in values_T * scale + (scale - 1)]
        labels.append(label)
    own_N = np.array(labels)
    order_N = rng.permutation(len(labels))
    shuffled_N = np.where(
        rng.random(len(labels)) < upload.number("random_share"), own_N[order_N], own_N
    )
    if upload.count("outliers"):
        places = rng.choice(len(labels), upload.count("outliers"), replace=False)
        shuffled_N[places] += upload.number("outlier_size")
    mixed_N = rng.permutation(len(labels))
    place_N = np.argsort(mixed_N)
    lines = ["sequence,value,label"]
    for sequence, value, _ in rows:
        label = shuffled_N[sequence]
        shown = ("high" if label > 0 else "low") if _is_class(upload) else f"{label:.6g}"
        lines.append(f"{place_N[sequence]},{value:.6g},{shown}")
    return "\n".join(lines) + "\n"


def _is_class(upload: Upload) -> bool:
    return upload.option("rule") != "first_mean"


def _label(rule: str, values_T: DoubleArray) -> float:
    match rule:
        case "first_sign":
            return float(np.sign(values_T[0]))
        case "sum_sign":
            return float(np.sign(values_T.sum()))
        case "first_mean":
            return float(values_T[:_FIRST].mean())
        case _:
            raise LookupError(rule)


def _text(upload: Upload, rng: np.random.Generator) -> str:
    size, num_symbols, lag = (
        upload.count("characters"),
        upload.count("symbols"),
        upload.count("lag"),
    )
    codes = list(rng.integers(0, num_symbols, size))
    is_random_N = rng.random(size) < upload.number("random_share")
    for place in range(lag, size):
        if not is_random_N[place]:
            codes[place] = (codes[place - lag] + codes[place - 1]) % num_symbols
    return "".join("abcdefghijklmnopqrstuvwxyz"[code] for code in codes) + "\n"


_MAKERS: Mapping[str, Callable[[Upload, np.random.Generator], str]] = MappingProxyType(
    {"series": _series, "labelled": _labelled, "text": _text}
)
