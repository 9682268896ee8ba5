"""What the name of a column says of its role.

Names decide only between columns that the values allow. The words are those of public data sets:
Nixtla's `unique_id, ds, y`, the M5 and Rossmann sales, ETT, electricity loads, UCI's sensors.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

#: Fewest consecutive years among the names of columns that are taken for times.
MIN_YEARS = 5

#: Units of the calendar, from the coarsest. Columns of such numbers together make a time.
CALENDAR = (
    frozenset({"year", "yr"}),
    frozenset({"quarter", "qtr"}),
    frozenset({"month", "mon", "mnth"}),
    frozenset({"week"}),
    frozenset({"day"}),
    frozenset({"hour", "hr"}),
    frozenset({"minute", "min"}),
    frozenset({"second", "sec"}),
)
_DATES = frozenset({"date", "datetime", "ds"})
_TIME = frozenset(
    {
        "date",
        "datetime",
        "time",
        "timestamp",
        "ts",
        "ds",
        "t",
        "dt",
        "period",
        "step",
        "timestep",
        "frame",
        "tick",
        "epoch",
    }
).union(*CALENDAR)
#: Words that may stand beside one of time, its unit among them.
_BESIDE_TIME = frozenset({"index", "no", "number", "s", "ms", "us", "ns", "utc", "of"})
_SERIES = frozenset(
    {
        "id",
        "uid",
        "series",
        "shop",
        "store",
        "symbol",
        "ticker",
        "meter",
        "sensor",
        "station",
        "country",
        "state",
        "region",
        "province",
        "county",
        "city",
        "product",
        "item",
        "sku",
        "customer",
        "client",
        "user",
        "account",
        "device",
        "machine",
        "asset",
        "patient",
        "subject",
        "site",
        "location",
        "household",
        "building",
        "turbine",
        "engine",
        "vehicle",
        "firm",
        "company",
        "entity",
        "key",
        "department",
        "dept",
        "brand",
        "source",
        "name",
        "room",
        "sequence",
        "seq",
        "recording",
        "trial",
        "utterance",
        "session",
        "sample",
        "case",
        "episode",
        "instance",
        "image",
    }
)
_LABELS = frozenset(
    {"label", "class", "activity", "outcome", "diagnosis", "species", "emotion", "gesture"}
)
_TARGETS = frozenset(
    {
        "target",
        "y",
        "value",
        "sales",
        "sold",
        "demand",
        "load",
        "consumption",
        "close",
        "price",
        "quantity",
        "qty",
        "cnt",
        "ot",
    }
)
_NUMBERING = frozenset({"id", "uid", "index", "idx", "row", "no", "nr", "key", "code", "zip"})


def words(name: str) -> Sequence[str]:
    """Returns the lower-case words of a name: `shopId` has `shop` and `id`."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[a-z]+", parted.lower())


def is_time(name: str) -> bool:
    """Returns whether all words are of time or beside it, and one is of time."""
    found = set(words(name))
    return bool(found & _TIME) and found <= _TIME | _BESIDE_TIME


def is_calendar(name: str) -> bool:
    """Returns whether the name is of a calendar's time, and not only of an order."""
    return bool(set(words(name)) & _DATES.union(*CALENDAR))


def calendar_place(name: str) -> int | None:
    """Returns the position in `CALENDAR` of a name of one word; None if it is not there."""
    found = words(name)
    if len(found) != 1:
        return None
    return next((place for place, unit in enumerate(CALENDAR) if found[0] in unit), None)


def names_that_are_years(names: Sequence[str]) -> Sequence[str]:
    """Returns the names if they are consecutive years: times that should be in one column."""
    years = [name for name in names if re.fullmatch(r"(1[6-9]|20)\d\d", name)]
    is_run = all(int(later) == int(year) + 1 for year, later in pairwise(years))
    return years if len(years) >= MIN_YEARS and is_run else ()


def is_series(name: str) -> bool:
    return _ends_in(name, _SERIES)


def is_label(name: str) -> bool:
    return _ends_in(name, _LABELS)


def is_target(name: str) -> bool:
    return _ends_in(name, _TARGETS)


def is_numbering(name: str) -> bool:
    return _ends_in(name, _NUMBERING)


def _ends_in(name: str, known: frozenset[str]) -> bool:
    found = words(name)
    return bool(found) and found[-1] in known
