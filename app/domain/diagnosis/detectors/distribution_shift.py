"""Do the later parts of the data lie where training shows nothing, and is the run worse there?

A shift alone is harmless: many networks go on beyond their training range. Overfitting is worse on
later parts as well, but these lie within the range.
"""

from dataclasses import dataclass

from app.domain.data_facts import ColumnShift
from app.domain.diagnosis import needs
from app.domain.diagnosis.attainment import reached
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import consequence_of
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, Impact, NotAssessed, Severity
from app.domain.diagnosis.prose import percent, short
from app.domain.diagnosis.thresholds import BENCHMARK, share, threshold
from app.domain.scopes import Scope, Split

CODE = "distribution_shift"
#: The split that is compared with training.
LATER: Split = "validation"


@dataclass(frozen=True, kw_only=True)
class ShiftThresholds:
    """The thresholds of `distribution_shift`."""

    min_outside_share: float = share(
        0.3,
        meaning="smallest share of a column's values outside of its range in training",
        source=f"at most 0.17 in runs without a trend, 0.39 and more with one; {BENCHMARK}",
    )
    min_shortfall: float = threshold(
        0.1,
        meaning=(
            "smallest difference of (floor - score) / (floor - best known score) on training and "
            "on validation"
        ),
        source=f"0.03 in a run that went on beyond its range, 0.12 and more else; {BENCHMARK}",
    )


def detect(case: Case, limits: ShiftThresholds) -> Outcome:
    shift = None if case.task is None or case.task.shift is None else case.task.shift.get(LATER)
    if shift is None:
        return NotAssessed(code=CODE, reason="it is unknown how far validation lies from training")
    column = shift.largest
    if column is None or column.outside_share < limits.min_outside_share:
        return None
    train, later = reached(case, "train"), reached(case, LATER)
    if train is None or later is None:
        words = "were not scored" if case.has_ended else "have not been scored yet"
        return NotAssessed(code=CODE, reason=f"training and validation {words}")
    if train - later < limits.min_shortfall:
        return None
    return _finding(case, limits, column, train=train, later=later)


def _finding(
    case: Case, limits: ShiftThresholds, column: ColumnShift, *, train: float, later: float
) -> Finding:
    consequence = consequence_of(case)
    # that validation falls short of training is harm, even where the task counts as learned
    is_mild = consequence.severity is Severity.INFO
    step = int(case.telemetry.series(_metric(case), Scope.split(LATER))[0][0])
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=Impact.UNKNOWN if is_mild else consequence.impact,
        severity=Severity.WARNING if is_mild else consequence.severity,
        first_step=step,
        last_step=case.present_step,
        scope=Scope.split(LATER),
        threshold={
            "min_outside_share": limits.min_outside_share,
            "min_shortfall": limits.min_shortfall,
        },
        evidence={
            "column": column.column,
            "outside_share": number(column.outside_share),
            "outside_distance_deviations": number(column.outside_distance),
            "level_move_deviations": number(column.level_move),
            "reached_on_training": number(train),
            "reached_on_validation": number(later),
        },
        explanation=(
            f"On validation {percent(column.outside_share)} of the values of {column.column} lie "
            "outside of their range in training, and the level moves by "
            f"{short(column.level_move)} standard deviations. {_result(train, later)}"
        ),
    )


def _metric(case: Case) -> str:
    return "" if case.task is None else case.task.metric


def _result(train: float, later: float) -> str:
    if later <= 0:
        return (
            f"The run is at {percent(train)} of what is known to be possible there, and "
            "below 0 here."
        )
    return (
        f"Of what is known to be possible the run reaches {percent(train)} on training and "
        f"{percent(later)} on validation."
    )


CARD = DetectorCard(
    code=CODE,
    summary="Later data lie outside of the range that training shows, and the run is worse there.",
    in_words="later data lie outside of the range that training shows",
    is_essential=False,
    needs=(needs.built_data,),
    thresholds=ShiftThresholds,
    detect=detect,
)
