"""A dry run refuses what a worker would refuse, and reads rows only where it must."""

import json
from collections.abc import Callable

import pytest
from pydantic import JsonValue

from app.domain import data_check
from app.domain.cautions.caution import Caution
from app.domain.cautions.codes import CautionCode
from app.domain.columnar import encode_table
from app.domain.data_check import (
    MAX_CHEAP_CELLS,
    MAX_CHEAP_SERIES,
    MAX_CHECKED_CELLS,
    MAX_CHECKED_SERIES,
    NOT_CHECKED,
    check_data,
    is_cheap_to_check,
)
from app.domain.datasets import parse_csv
from app.domain.errors import InvalidData
from app.domain.profiles import CsvProfile, profile_csv, profile_text
from app.domain.specs.dataset.adding import AddingSpec
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.specs.dataset.text import TextSpec

ID = "00000000-0000-0000-0000-000000000000"


def forecast(**changes: JsonValue) -> ForecastSpec:
    usual: dict[str, JsonValue] = {"kind": "forecast", "dataset_id": ID, "target": "y", "window": 5}
    return ForecastSpec.model_validate_json(json.dumps(usual | changes))


def check(text: str, **changes: JsonValue) -> tuple[str, ...]:
    table = parse_csv(text)
    return check_data(forecast(**changes), profile_csv(table), lambda: encode_table(table))


def never_read() -> bytes:
    pytest.fail("the upload was read")


def test_a_dry_run_warns_of_the_columns_and_the_split_of_its_spec() -> None:
    rows = [f"{t % 11 + (100 if t >= 80 else 0)},{t % 13 * t % 7},3" for t in range(100)]
    text = "y,x,fixed\n" + "\n".join(rows)

    (warning,) = check(text, features=["x"])
    none = check(text, split={"train": 0.9, "validation": 0.1, "test": 0.0})

    assert warning.startswith(
        "column 'y': the validation part lies outside of the training part's range"
    )
    assert none == ()


def test_cautions_are_left_out_where_they_would_take_too_long() -> None:
    table = parse_csv("y,x\n" + "".join(f"{t * t % 17},{t % 5}\n" for t in range(60)))
    spec, profile = forecast(), profile_csv(table)

    assert check_data(spec, profile, lambda: encode_table(table)) != ()
    assert check_data(spec, profile, lambda: encode_table(table), has_cautions=False) == ()


def test_a_large_table_has_the_cautions_of_its_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_check, "MAX_EXAMINED_CELLS", 50)
    table = parse_csv("y,other\n" + "1,5\n2,5\n" * 50)
    cautions = tuple(
        Caution(code=CautionCode(code), column=name, rows=(), num_rows=9, detail=f"of {name}.")
        for code, name in (("outliers", "y"), ("constant_column", "other"))
    )
    profile = profile_csv(table).model_copy(update={"cautions": cautions})

    assert check_data(forecast(), profile, lambda: encode_table(table)) == ("of y.",)


def test_rows_that_go_back_are_warned_of_where_nothing_sorts_them() -> None:
    table = parse_csv("t,y\n" + "".join(f"{-t},{t * t % 17}\n" for t in range(100)))
    caution = Caution(
        code=CautionCode("descending_time"), column="t", rows=(3,), num_rows=99, detail="back."
    )
    profile = profile_csv(table).model_copy(update={"cautions": (caution,)})

    def warnings(**changes: JsonValue) -> tuple[str, ...]:
        return check_data(forecast(**changes), profile, lambda: encode_table(table))

    assert warnings() == ("back.",)
    assert warnings(time_column="t") == ()


@pytest.mark.parametrize("choice", ["keep_first", "mean"])
def test_equal_times_are_a_warning_where_the_spec_says_what_becomes_of_them(choice: str) -> None:
    rows = "".join(f"{t if t != 50 else 49},{t * t % 17}\n" for t in range(100))

    (first, second) = check("t,y\n" + rows, time_column="t", equal_times=choice)

    assert "1 row (1 %) has the same time as another row" in first
    assert "1 time is left out" in second


def test_data_that_a_worker_takes_has_no_warning() -> None:
    assert check("y\n" + "1\n2\n" * 50) == ()


def test_a_series_that_is_left_out_is_a_warning() -> None:
    rows = [f"{shop},{t % 7}" for shop in "abc" for t in range(5 if shop == "b" else 100)]

    (warning,) = check("shop,y\n" + "\n".join(rows), series_column="shop", window=30)

    assert warning.startswith("1 of 3 series is left out: ")
    assert "series 'b'" in warning


@pytest.mark.parametrize(
    ("text", "changes", "reason"),
    [
        ("t,y\n" + "1,1\n1,2\n" * 50, {"time_column": "t"}, "the same time"),
        (
            "x,y\n" + "".join(f"{int(t > 80)},{t}\n" for t in range(100)),
            {"features": ["x"]},
            "column 'x' is constant over the training part of the series",
        ),
        ("y\n" + "1\n-2\n" * 50, {"transform": ["log1p"]}, "row 3, column 'y': log1p"),
        (
            "y\n" + "1\n2\n5\n" * 40,
            {"transform": [{"kind": "difference", "lag": 90}]},
            "after the 90 rows that the transform takes",
        ),
    ],
)
def test_what_a_worker_would_refuse_is_refused(
    text: str, changes: dict[str, JsonValue], reason: str
) -> None:
    with pytest.raises(InvalidData, match=reason):
        check(text, **changes)


def test_a_large_table_is_not_read() -> None:
    profile = profile_csv(parse_csv("y\n1\n2\n"))
    large = profile.model_copy(update={"rows": MAX_CHECKED_CELLS + 1})
    assert isinstance(large, CsvProfile)

    assert check_data(forecast(), large, never_read) == (NOT_CHECKED,)


def test_a_panel_of_very_many_series_is_not_read() -> None:
    profile = profile_csv(parse_csv("shop,y\na,1\na,2\nb,1\nb,2\n"))
    shop, y = profile.columns
    most = shop.model_copy(update={"distinct": MAX_CHECKED_SERIES})
    more = shop.model_copy(update={"distinct": MAX_CHECKED_SERIES + 1})
    panel = forecast(series_column="shop")

    with pytest.raises(pytest.fail.Exception):
        check_data(panel, profile.model_copy(update={"columns": (most, y)}), never_read)
    crowd = profile.model_copy(update={"columns": (more, y)})
    assert check_data(panel, crowd, never_read) == (NOT_CHECKED,)


def test_a_table_as_earlier_releases_stored_it_is_not_checked() -> None:
    text = "y\n1\n2\n"

    assert check_data(forecast(), profile_csv(parse_csv(text)), text.encode) == (NOT_CHECKED,)


def sequences(**changes: JsonValue) -> SequencesSpec:
    usual: dict[str, JsonValue] = {
        "kind": "sequences",
        "dataset_id": ID,
        "sequence_column": "id",
        "features": ["x"],
        "label": "y",
    }
    return SequencesSpec.model_validate_json(json.dumps(usual | changes))


def labelled(cells: Callable[[int, int], str]) -> str:
    """Rows of forty sequences with four timesteps each."""
    rows = [f"{index},{cells(index, t)}" for index in range(40) for t in range(4)]
    return "id,t,x,y\n" + "\n".join(rows) + "\n"


def check_sequences(text: str, **changes: JsonValue) -> tuple[str, ...]:
    table = parse_csv(text)
    return check_data(sequences(**changes), profile_csv(table), lambda: encode_table(table))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"order_column": "t", "max_length": 2},
        {"task": "regression"},
        {"target": "per_step", "dependency_lag": 3},
    ],
    ids=str,
)
def test_sequences_that_a_worker_takes_have_no_warning(changes: dict[str, JsonValue]) -> None:
    text = labelled(lambda index, t: f"{t},{t}.5,{index % 2}")

    assert check_sequences(text, **changes) == ()


@pytest.mark.parametrize(
    ("cells", "changes", "reason"),
    [
        (lambda i, t: f"{t // 2},{t}.5,{i % 2}", {"order_column": "t"}, "row 3, .* the same time"),
        (lambda i, t: f"{t},7.5,{i % 2}", {}, "column 'x' is constant"),
        (lambda _, t: f"{t},{t}.5,{t % 2}", {}, "row 3, column 'y': not the label"),
        (lambda _, t: f"{t},{t}.5,1", {}, "one class only"),
        (lambda _, t: f"{t},{t}.5,1", {"task": "regression"}, "column 'y' is constant"),
        (lambda i, t: f"{t},{t}.5,{i % 2}", {"dependency_lag": 4}, "it must be at most 3"),
    ],
)
def test_sequences_that_a_worker_would_refuse_are_refused(
    cells: Callable[[int, int], str], changes: dict[str, JsonValue], reason: str
) -> None:
    with pytest.raises(InvalidData, match=reason):
        check_sequences(labelled(cells), **changes)


def text_spec() -> TextSpec:
    spec = {"kind": "text", "dataset_id": ID, "length": 8}
    return TextSpec.model_validate_json(json.dumps(spec))


def test_a_text_of_too_many_symbols_is_refused() -> None:
    text = "".join(chr(0x4E00 + index) for index in range(3000))

    with pytest.raises(InvalidData, match="2100 different characters; at most 2047"):
        check_data(text_spec(), profile_text(text), text.encode)


def test_symbols_outside_the_training_part_are_not_counted() -> None:
    text = "ab" * 5000 + "".join(chr(0x4E00 + index) for index in range(2500))

    assert check_data(text_spec(), profile_text(text), text.encode) == ()


def test_a_text_of_few_symbols_is_not_read() -> None:
    assert check_data(text_spec(), profile_text("abc" * 50), never_read) == ()


def test_generated_data_is_not_read() -> None:
    assert check_data(AddingSpec(kind="adding"), None, never_read) == ()


@pytest.mark.parametrize(
    ("rows", "series", "is_cheap"),
    [
        (MAX_CHEAP_CELLS // 2, 1, True),
        (MAX_CHEAP_CELLS // 2 + 1, 1, False),
        (1000, MAX_CHEAP_SERIES, True),
        (1000, MAX_CHEAP_SERIES + 1, False),
    ],
)
def test_a_table_is_cheap_by_its_cells_and_its_series(
    rows: int, series: int, *, is_cheap: bool
) -> None:
    profile = profile_csv(parse_csv("shop,y\na,1\nb,2\n"))
    shop, y = profile.columns
    shops = shop.model_copy(update={"distinct": series})
    table = profile.model_copy(update={"rows": rows, "columns": (shops, y)})

    assert is_cheap_to_check(forecast(series_column="shop"), table) is is_cheap


def test_a_text_is_cheap_by_its_characters_and_without_a_profile_nothing_is() -> None:
    spec = TextSpec.model_validate_json(json.dumps({"kind": "text", "dataset_id": ID, "length": 5}))
    profile = profile_text("abc")
    most = profile.model_copy(update={"characters": MAX_CHEAP_CELLS})
    more = profile.model_copy(update={"characters": MAX_CHEAP_CELLS + 1})

    assert is_cheap_to_check(spec, most)
    assert not is_cheap_to_check(spec, more)
    assert not is_cheap_to_check(spec, None)
