"""What a worker would refuse of an upload, or leave out: found by reading its rows."""

from collections.abc import Callable

from app.domain.cautions.codes import CautionCode
from app.domain.cautions.examine import examine
from app.domain.cautions.subject import Subject
from app.domain.column_roles import roles_of_spec
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
#: Cautions that are told.
MAX_WARNINGS = 20
#: Cells that are searched for cautions while a client waits; it bounds the time to a second.
MAX_EXAMINED_CELLS = 2**21
NOT_CHECKED = "the data set is too large, or too old, for a dry run to check each of its rows"


def is_cheap_to_check(dataset: Dataset, profile: Profile | None) -> bool:
    """Whether `check_data` without cautions takes well below 0.1 s."""
    match dataset, profile:
        case ForecastSpec() | SequencesSpec(), CsvProfile():
            num_series = _num_series(dataset, profile)
            return _num_cells(profile) <= MAX_CHEAP_CELLS and num_series <= MAX_CHEAP_SERIES
        case _, TextProfile():
            return profile.characters <= MAX_CHEAP_CELLS
        case _:
            return False


def check_data(
    dataset: Dataset,
    profile: Profile | None,
    read: Callable[[], bytes],
    *,
    has_cautions: bool = True,
) -> tuple[str, ...]:
    """Returns sentences on what a run would leave out, and the cautions for its columns.

    Without cautions, which take longer, it tells only what a worker would leave out. Raises
    InvalidData as a worker would. `read` returns the stored form of the upload. It is called only
    where the profile leaves it open whether a worker would take the data.
    """
    match dataset, profile:
        case ForecastSpec() | SequencesSpec(), CsvProfile():
            if _num_cells(profile) > MAX_CHECKED_CELLS:
                return (NOT_CHECKED,)
            if _num_series(dataset, profile) > MAX_CHECKED_SERIES:
                return (NOT_CHECKED,)
            content = read()
            if not is_columnar(content):
                return (NOT_CHECKED,)
            table = decode_table(content)
            notes = check_table(dataset, table)
            return (*notes, *_cautions(dataset, profile, table)) if has_cautions else notes
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


def _cautions(
    spec: ForecastSpec | SequencesSpec, profile: CsvProfile, table: Table
) -> tuple[str, ...]:
    """Returns the cautions for the columns and the split of a spec."""
    roles = roles_of_spec(spec)
    if profile.rows * len(roles.named or ()) > MAX_EXAMINED_CELLS:
        return tuple(
            each.detail
            for each in profile.cautions
            if each.column is None or each.column in (roles.named or ())
        )
    listed = [
        each.detail
        for each in examine(Subject.of(table, roles)).listed
        # these rows are sorted
        if each.code is not CautionCode("descending_time")
    ]
    if roles.time_column is None:
        listed += [
            each.detail for each in profile.cautions if each.code is CautionCode("descending_time")
        ]
    return tuple(listed[:MAX_WARNINGS])


def check_table(spec: ForecastSpec | SequencesSpec, table: Table) -> tuple[str, ...]:
    """Returns sentences on what a run would leave out. Raises InvalidData as a worker would."""
    if isinstance(spec, SequencesSpec):
        spec.declared_lag(length=read_labelled_rows(spec, table).longest_in_training)
        return ()
    panel = Panel.of(spec, table)
    left_out = [each for each in panel.cut() if isinstance(each, LeftOutSeries)]
    note = note_of_left_out(left_out, num_series=len(panel.labels))
    return () if note is None else (note,)
