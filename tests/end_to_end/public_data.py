"""Public data sets that packages ship, as the files in which people would send them."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

#: Rows of a long file that are sent.
MOST_ROWS = 1500
NUM_DIGITS = 150


def folder_of(package: str) -> Path:
    """The package is found and not imported."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def shipped(package: str, path: str, *, encoding: str = "utf-8-sig") -> str:
    text = (folder_of(package) / path).read_text(encoding)
    return "".join(text.splitlines(keepends=True)[: MOST_ROWS + 1])


def of_statsmodels(name: str) -> str:
    return shipped("statsmodels", f"datasets/{name}")


def of_vega(name: str) -> str:
    text = shipped("vega_datasets", f"_data/{name}")
    if not name.endswith(".json"):
        return text
    rows = json.loads(text)
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def digits() -> str:
    """Each image is a sequence of its rows."""
    data = load_digits()
    lines = ["image,row," + ",".join(f"pixel_{column}" for column in range(8)) + ",digit"]
    for image in range(NUM_DIGITS):
        for row in range(8):
            pixels = data.images[image, row].astype(np.int64)
            cells = (image, row, *pixels, data.target[image])
            lines.append(",".join(map(str, cells)))
    return "\n".join(lines)


FILES: Mapping[str, Callable[[], str]] = {
    "co2": lambda: of_statsmodels("co2/co2.csv"),
    "sunspots": lambda: of_statsmodels("sunspots/sunspots.csv"),
    "nile": lambda: of_statsmodels("nile/nile.csv"),
    "macrodata": lambda: of_statsmodels("macrodata/macrodata.csv"),
    "elec_equip": lambda: of_statsmodels("elec_equip/elec_equip.csv"),
    "elnino": lambda: of_statsmodels("elnino/elnino.csv"),
    "grunfeld": lambda: of_statsmodels("grunfeld/grunfeld.csv"),
    "interest_inflation": lambda: of_statsmodels("interest_inflation/E6.csv"),
    "stocks": lambda: of_vega("stocks.csv"),
    "seattle-weather": lambda: of_vega("seattle-weather.csv"),
    "seattle-temps": lambda: of_vega("seattle-temps.csv"),
    "iowa-electricity": lambda: of_vega("iowa-electricity.csv"),
    "us-employment": lambda: of_vega("us-employment.csv"),
    "ohlc": lambda: of_vega("ohlc.json"),
    "wheat": lambda: of_vega("wheat.json"),
    "digits": digits,
}
