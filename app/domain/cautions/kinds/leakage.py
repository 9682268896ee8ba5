"""Does a feature hold the target, or what the target will be?

A feature that leaves less of the target open than its last known value does, by a factor of fifty,
is no usual predictor. For classes: each of its values occurs with one class alone.
Shapes: N rows by series and time, n rows in which both are known.
"""

from collections.abc import Iterator

import numpy as np

from app.domain.cautions.card import CALIBRATED, Found, Limit, TableCard
from app.domain.cautions.subject import Subject, find_column
from app.domain.tables import Column
from app.domain.telemetry import DoubleArray

CODE = "leakage"
#: Rows that are compared, the last ones; bounds the time together with the lags and columns.
MAX_ROWS = 20_000
#: Rows ahead that are compared.
MAX_AHEAD = 24
#: Numbers that are compared for all features together.
MAX_COMPARED = 20_000_000
#: Fewest rows in which both are known.
MIN_ROWS = 30
#: Distance from the quartiles, in interquartile ranges, of values that are not compared.
MAX_DISTANCE = 6.0
#: Most values of a feature that may name classes.
MAX_CODES = 50
#: Fewest rows of one of them in the mean.
MIN_ROWS_EACH = 5

MAX_OPEN = Limit(
    name="max_open",
    value=0.02,
    unit="1",
    meaning=(
        "variance of a later target that a straight line of the feature leaves open, over the mean "
        "square of the target's change up to then"
    ),
    source=CALIBRATED,
)
MAX_OPEN_SAME_ROW = Limit(
    name="max_open_same_row",
    value=0.005,
    unit="1",
    meaning="the same for the target of the same row, over the mean square of its next change",
    source=CALIBRATED,
)


def find(subject: Subject) -> Iterator[Found]:
    if find_column(subject.table, subject.roles.label) is not None:
        yield from _names_of_classes(subject)
        return
    target = find_column(subject.table, subject.roles.target)
    features = [column for column in subject.features() if column.type.is_numeric]
    if target is None or not features or not target.type.is_numeric:
        return
    num_compared = max(1000, MAX_COMPARED // (len(features) * (MAX_AHEAD + 1)))
    rows_n = subject.rows_N[-min(MAX_ROWS, num_compared) :]
    # positions at which a lag would reach into another series are not compared
    series_n = np.cumsum(subject.is_first)[-rows_n.size :]
    target_n = _centred(target.values()[rows_n])
    ahead = MAX_AHEAD if len(features) * (MAX_AHEAD + 1) * rows_n.size <= MAX_COMPARED else 3
    for feature in features:
        feature_n = _centred(feature.values()[rows_n])
        lag = _lag(feature_n, target_n, series_n, ahead=ahead)
        if lag is not None:
            yield Found(column=feature.name, detail=_detail(feature.name, target.name, lag))


def _lag(
    feature_n: DoubleArray, target_n: DoubleArray, series_n: np.ndarray, *, ahead: int
) -> int | None:
    """Returns how many rows later the target is what the feature is; None if it is not."""
    for lag in range(max(0, min(ahead, feature_n.size - MIN_ROWS)) + 1):
        step = max(1, lag)
        size = feature_n.size - step
        earlier, at_step = target_n[:size], target_n[step:]
        feature, later = feature_n[:size], target_n[lag : lag + size]
        is_known = np.isfinite(feature) & np.isfinite(later - earlier) & np.isfinite(at_step)
        is_known &= series_n[:size] == series_n[step:]
        most = MAX_OPEN.value if lag else MAX_OPEN_SAME_ROW.value
        change = at_step[is_known] - earlier[is_known]
        if _open_share(feature[is_known], later[is_known], change) <= most:
            return lag
    return None


def _open_share(feature_n: DoubleArray, later_n: DoubleArray, change_n: DoubleArray) -> float:
    usual = float(np.square(change_n).mean()) if change_n.size else 0.0
    if feature_n.size < MIN_ROWS or usual == 0 or np.ptp(feature_n) == 0:
        return 1.0
    feature_n, later_n = feature_n - feature_n.mean(), later_n - later_n.mean()
    slope = float(feature_n @ later_n) / float(feature_n @ feature_n)
    return float(np.square(later_n - slope * feature_n).mean()) / usual


def _centred(values_n: DoubleArray) -> DoubleArray:
    """Subtracts the mean and divides by the largest size, so that squares do not overflow.

    Values far outside are NaN: two columns that fail in the same row would seem to be equal.
    """
    is_known_n = np.isfinite(values_n)
    if not is_known_n.any():
        return values_n
    low, high = np.percentile(values_n[is_known_n], (25, 75))
    if high > low:
        reach = MAX_DISTANCE * (high - low)
        values_n = np.where((values_n < low - reach) | (values_n > high + reach), np.nan, values_n)
        is_known_n = np.isfinite(values_n)
    size = float(np.abs(values_n[is_known_n]).max()) or 1.0
    scaled_n: DoubleArray = values_n / size
    return scaled_n - float(scaled_n[is_known_n].mean())


def _detail(feature: str, target: str, lag: int) -> str:
    if lag == 0:
        return (
            f"column {feature!r} is column {target!r} of the same row, up to a factor and an "
            "offset. A forecast reads the past of its target anyway: leave the column out of "
            "dataset.features, above all if it is not known before the target is."
        )
    rows = "row" if lag == 1 else f"{lag} rows"
    return (
        f"column {feature!r} is column {target!r} of the next {rows}"
        f"{'' if lag == 1 else ' later'}, up to a factor and an offset: it tells the model what it "
        "has to predict, so scores would be better than any forecast. Leave it out of "
        "dataset.features unless it is known at that time."
    ).replace(f"of the next {lag} rows later", f"of {lag} rows later")


def _names_of_classes(subject: Subject) -> Iterator[Found]:
    label = find_column(subject.table, subject.roles.label)
    if label is None or subject.num_rows < MIN_ROWS:
        return
    label_N, classes = label.groups()
    for feature in subject.features():
        num_codes = _codes_of_one_class(feature, label_N)
        if num_codes:
            detail = (
                f"column {feature.name!r}: each of its {num_codes} values occurs with one class of "
                f"{label.name!r} alone, so it names the {len(classes)} classes. Leave it out of "
                "dataset.features unless it is known before the label is."
            )
            yield Found(column=feature.name, detail=detail)


def _codes_of_one_class(feature: Column, label_N: np.ndarray) -> int:
    """Returns how many values a feature has if each occurs with one class; otherwise 0."""
    stored_N = feature.numbers.stored_N
    if len(np.unique(stored_N[:1000])) > MAX_CODES:
        return 0
    codes_N, codes = feature.groups()
    most = min(MAX_CODES, codes_N.size // MIN_ROWS_EACH)
    if not 1 < len(codes) <= most or (codes_N < 0).any():
        return 0
    pairs = np.unique(codes_N.astype(np.int64) * (int(label_N.max()) + 2) + label_N)
    is_one_class = len(pairs) == len(codes) and len(np.unique(label_N)) > 1
    return len(codes) if is_one_class else 0


CARD = TableCard(
    code=CODE,
    summary="A feature is the target of the same row or of a later one.",
    advice="Leave it out of `dataset.features`.",
    limits=(MAX_OPEN, MAX_OPEN_SAME_ROW),
    find=find,
)
