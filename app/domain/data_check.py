"""What a worker would refuse of an upload, or leave out: found by reading its rows."""

from collections.abc import Callable

from app.domain.columnar import decode_table, is_columnar
from app.domain.datasets import decode
from app.domain.labelled_rows import read_labelled_rows
from app.domain.panels import LeftOutSeries, Panel, note_of_left_out
from app.domain.profiles import CsvProfile, Profile, TextProfile
from app.domain.specs.dataset.base import Dataset
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.specs.dataset.text import TextSpec
from app.domain.tables import Table
from app.domain.text_symbols import MAX_SYMBOLS, code_points, known_symbols

#: Cells of a table that are checked while a client waits: as numbers they take 64 MiB.
MAX_CHECKED_CELLS = 2**23
#: Series of a panel that are checked while a client waits, in about 2 s.
MAX_CHECKED_SERIES = 20_000
#: Those that are checked each time a run is submitted, in about 30 ms; series cost 0.1 ms each.
MAX_CHEAP_CELLS, MAX_CHEAP_SERIES = 2**20, 500
NOT_CHECKED = "the data set is too large, or too old, for a dry run to check each of its rows"


def is_cheap_to_check(dataset: Dataset, profile: Profile | None) -> bool:
    """Whether `check_data` takes well below 0.1 s."""
    match dataset, profile:
        case ForecastSpec() | SequencesSpec(), CsvProfile():
            num_series = _num_series(dataset, profile)
            return _num_cells(profile) <= MAX_CHEAP_CELLS and num_series <= MAX_CHEAP_SERIES
        case _, TextProfile():
            return profile.characters <= MAX_CHEAP_CELLS
        case _:
            return False


def check_data(
    dataset: Dataset, profile: Profile | None, read: Callable[[], bytes]
) -> tuple[str, ...]:
    """Returns sentences on what a run would leave out. Raises InvalidData as a worker would.

    `read` returns the stored form of the upload. It is called only where the profile leaves it
    open whether a worker would take the data.
    """
    match dataset, profile:
        case ForecastSpec() | SequencesSpec(), CsvProfile():
            if _num_cells(profile) > MAX_CHECKED_CELLS:
                return (NOT_CHECKED,)
            if _num_series(dataset, profile) > MAX_CHECKED_SERIES:
                return (NOT_CHECKED,)
            content = read()
            return (
                check_table(dataset, decode_table(content))
                if is_columnar(content)
                else (NOT_CHECKED,)
            )
        case TextSpec(), TextProfile() if profile.distinct_symbols >= MAX_SYMBOLS:
            points_N = code_points(decode(read()))
            known_symbols(points_N[: dataset.split.parts(len(points_N))[0].end])
            return ()
        case _:
            return ()


def _num_cells(profile: CsvProfile) -> int:
    return profile.rows * len(profile.columns)


def _num_series(dataset: ForecastSpec | SequencesSpec, profile: CsvProfile) -> int:
    """Returns the number of series or sequences; 1 where no column tells them apart."""
    name = dataset.series_column if isinstance(dataset, ForecastSpec) else dataset.sequence_column
    return max((column.distinct for column in profile.columns if column.name == name), default=1)


def check_table(spec: ForecastSpec | SequencesSpec, table: Table) -> tuple[str, ...]:
    """Returns sentences on what a run would leave out. Raises InvalidData as a worker would."""
    if isinstance(spec, SequencesSpec):
        spec.declared_lag(length=read_labelled_rows(spec, table).longest_in_training)
        return ()
    panel = Panel.of(spec, table)
    left_out = [each for each in panel.cut() if isinstance(each, LeftOutSeries)]
    note = note_of_left_out(left_out, num_series=len(panel.labels))
    return () if note is None else (note,)
