"""Cautions of whole files: what to do works, and public data sets have none."""

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from app.domain.columnar import decode_table
from app.domain.errors import InvalidData
from app.domain.panels import CutSeries, Panel
from app.domain.profiles import CsvProfile
from app.domain.reader_options import ReaderOptions
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.uploads import CheckRequest
from app.reading.check_upload import check_upload

ID = "00000000-0000-0000-0000-000000000000"


def profile_of(text: str, **options: object) -> tuple[CsvProfile, bytes]:
    asked = ReaderOptions.model_validate(options)
    checked, stored = check_upload(CheckRequest(kind="csv", options=asked), text.encode())
    assert isinstance(checked.profile, CsvProfile)
    return checked.profile, stored


def codes(profile: CsvProfile) -> set[str]:
    return {str(each.code) for each in profile.cautions}


def statsmodels(name: str, *, has_index: bool = False) -> Callable[[], str]:
    module = import_module(f"statsmodels.datasets.{name}")
    return lambda: str(module.load_pandas().data.to_csv(index=has_index))


def sklearn(name: str) -> Callable[[], str]:
    load = getattr(sklearn_datasets, f"load_{name}")
    return lambda: str(load(as_frame=True).frame.to_csv(index=False))


PUBLIC = {
    "co2": statsmodels("co2", has_index=True),
    "sunspots": statsmodels("sunspots"),
    "nile": statsmodels("nile"),
    "macrodata": statsmodels("macrodata"),
    "elec_equip": statsmodels("elec_equip", has_index=True),
    "interest_inflation": statsmodels("interest_inflation"),
    "grunfeld": statsmodels("grunfeld"),
    "diabetes": sklearn("diabetes"),
    "iris": sklearn("iris"),
    "wine": sklearn("wine"),
    "breast_cancer": sklearn("breast_cancer"),
}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_data_set_has_no_caution(name: str) -> None:
    profile, _ = profile_of(PUBLIC[name]())

    assert profile.cautions == ()
    assert profile.num_cautions == 0


def hours_of_berlin() -> str:
    """Local times without a zone, over the end of summer time."""
    first = datetime(2024, 10, 25, tzinfo=ZoneInfo("UTC"))
    zone = ZoneInfo("Europe/Berlin")
    rng = np.random.default_rng(1)
    rows = [
        f"{(first + timedelta(hours=hour)).astimezone(zone):%Y-%m-%d %H:%M},{rng.normal():.3f}"
        for hour in range(120)
    ]
    return "time,load\n" + "\n".join(rows) + "\n"


def panel(stored: bytes, **changes: object) -> CutSeries:
    usual = {"kind": "forecast", "dataset_id": ID, "target": "load", "window": 6}
    spec = ForecastSpec.model_validate({**usual, "time_column": "time", **changes}, strict=False)
    (series,) = Panel.of(spec, decode_table(stored)).cut()
    assert isinstance(series, CutSeries)
    return series


def test_an_hour_that_occurs_twice_is_told_and_each_choice_helps() -> None:
    profile, stored = profile_of(hours_of_berlin())
    zoned, zoned_stored = profile_of(hours_of_berlin(), time_zone="Europe/Berlin")

    (caution,) = profile.cautions
    assert (caution.code, caution.column, caution.rows) == ("ties", "time", (51,))
    assert "time_zone" in caution.detail
    assert profile.columns[0].cautions == ("ties",)
    with pytest.raises(InvalidData, match="equal_times"):
        panel(stored)
    assert len(panel(stored, equal_times="keep_first").values_nF) == 119
    both = decode_table(stored).column("load").values()[48:50]
    assert panel(stored, equal_times="mean").values_nF[48, 0] == pytest.approx(both.mean())
    assert codes(zoned) == set()
    assert len(panel(zoned_stored).values_nF) == 120


@pytest.mark.parametrize("sentinel", [-200, -999])
def test_a_sentinel_is_missing_once_the_option_says_so(sentinel: int) -> None:
    rng = np.random.default_rng(2)
    cells = [f"{value:.1f}" for value in rng.uniform(0, 50, size=500)]
    for row in range(20, 500, 50):
        cells[row] = str(sentinel)
    text = "gas\n" + "\n".join(cells) + "\n"

    as_sent, _ = profile_of(text)
    applied, _ = profile_of(text, sentinels=[sentinel])

    (caution,) = as_sent.cautions
    assert (caution.code, caution.num_rows, caution.rows[0]) == ("sentinels", 10, 22)
    assert f"sentinels={sentinel}:" in caution.detail
    assert applied.cautions == ()
    assert (applied.columns[0].missing, applied.columns[0].min is not None) == (10, True)
    assert (applied.columns[0].min or 0) >= 0
    assert applied.reader["sentinels"].value == [sentinel]


def test_profiles_of_earlier_releases_have_no_cautions() -> None:
    profile, _ = profile_of("y\n" + "1\n2\n" * 60)
    stored = profile.model_dump(mode="json")
    for part in (stored, *stored["columns"]):
        part.pop("cautions")
    stored.pop("num_cautions")

    assert CsvProfile.model_validate(stored).cautions == ()
