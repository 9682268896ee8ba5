"""Files as clients send them, and what is suggested for them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

import numpy as np
from pydantic import JsonValue, TypeAdapter

from app.domain.columnar import decode_table
from app.domain.data_check import check_table
from app.domain.profiles import CsvProfile, Suggestion, TextProfile
from app.domain.specs.dataset import DatasetSpec
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.uploads import CheckRequest
from app.reading.check_upload import check_upload

ID = "00000000-0000-0000-0000-000000000001"
_SPECS: TypeAdapter[object] = TypeAdapter(DatasetSpec)


def csv(header: str, rows: Iterable[Sequence[object]]) -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def suggested_for(text: str) -> Suggestion:
    """What is suggested for a CSV, which a worker would accept in all its rows."""
    checked, stored = check_upload(CheckRequest(kind="csv"), text.encode())
    profile = checked.profile
    assert isinstance(profile, CsvProfile)
    suggestion = profile.suggested
    assert suggestion.reasons
    if suggestion.dataset is not None:
        spec = _SPECS.validate_python({**suggestion.dataset, "dataset_id": ID})
        assert isinstance(spec, ForecastSpec | SequencesSpec)
        spec.shape(profile)
        check_table(spec, decode_table(stored))
    return suggestion


def dataset_for(text: str) -> dict[str, JsonValue]:
    suggestion = suggested_for(text)
    assert suggestion.dataset is not None, suggestion.reasons
    return dict(suggestion.dataset)


def suggested_for_text(text: str) -> Suggestion:
    checked, _ = check_upload(CheckRequest(kind="text"), text.encode())
    assert isinstance(checked.profile, TextProfile)
    return checked.profile.suggested


def day(number: int) -> date:
    return date(2024, 1, 1) + timedelta(days=number)


def series(length: int, cells: Callable[[int], Sequence[object]]) -> list[Sequence[object]]:
    return [cells(index) for index in range(length)]


WEEK = (3, 1, 2, 2, 4, 9, 8)


def sold(number: int, shop: int) -> int:
    return 10 * (shop + 1) + WEEK[number % 7] + number // 20


def shuffle(rows: list[Sequence[object]]) -> None:
    order = np.random.default_rng(0).permutation(len(rows))
    rows[:] = [rows[place] for place in order]


def shops(names: Sequence[object], length: int = 60) -> list[Sequence[object]]:
    return [
        (day(number), name, sold(number, place))
        for number in range(length)
        for place, name in enumerate(names)
    ]
