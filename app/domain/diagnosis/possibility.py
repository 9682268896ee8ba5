"""Conditions of structure and physics without which a cause is impossible.

A condition that depends on a measurement holds as long as nothing was measured.
"""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.measures.readings import first
from app.domain.diagnosis.measures.scores import gains, reference_gain
from app.domain.diagnosis.origin import find_origin
from app.domain.specs.dataset.base import MadeDataset
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.specs.dataset.text import TextSpec
from app.domain.task import LagSource

#: Gain over the baseline, relative to it, that shows a signal in the data.
SIGNAL_GAIN = 0.1


#: Share of a later split's values outside of the range of training, below which nothing shifts. It
#: is at most 0.13 without a trend and 0.81 or more in runs of the benchmark that fail for a shift.
MIN_OUTSIDE = 0.1


def has_updated(case: Case) -> bool:
    """Returns False if numbers were not finite before the first update of the weights."""
    origin = find_origin(case)
    if origin is None:
        return True
    return origin.where == "optimizer" or origin.step > int(case.telemetry.steps_n[0])


def is_finite(case: Case) -> bool:
    return find_origin(case) is None


def is_sequential(case: Case) -> bool:
    """Returns whether a sequence has more than one timestep."""
    return case.task is None or case.task.length > 1


def is_gated(case: Case) -> bool:
    """Returns whether a gate of the cell keeps the state."""
    return case.spec.model.card.keeps_state


def is_cut(case: Case) -> bool:
    """Returns whether the gradient is cut before the longest lag that the task may need.

    A lag that was only estimated excludes no cut.
    """
    cut = case.spec.training.bptt_length
    if cut is None or case.task is None:
        return cut is not None
    lag = case.task.required_lag
    longest = case.task.length - 1
    if lag.source in {LagSource.TASK, LagSource.DECLARED} and lag.timesteps is not None:
        longest = lag.max or lag.timesteps
    return cut <= longest


def is_blocked(case: Case) -> bool:
    """Returns whether a cut ends the gradient before the lag that the task is known to need.

    Then no gradient arrives there however long the run trains. In a bidirectional network the other
    direction may read that timestep last.
    """
    cut = case.spec.training.bptt_length
    if cut is None or case.task is None or case.spec.model.bidirectional:
        return False
    lag = case.task.required_lag
    is_known = lag.source in {LagSource.TASK, LagSource.DECLARED}
    return is_known and lag.timesteps is not None and lag.timesteps >= cut


def has_finite_data(case: Case) -> bool:
    """Returns False for data that is generated anew at each step and cannot be learned by heart."""
    return not isinstance(case.spec.dataset, MadeDataset)


def may_have_shifted(case: Case) -> bool:
    """Returns False if later splits lie within the range of training, or are drawn at random."""
    if not isinstance(case.spec.dataset, ForecastSpec | TextSpec):
        return False
    shifts = case.task.shift if case.task else None
    columns = [shift.largest for shift in (shifts or {}).values()]
    known = [column.outside_share for column in columns if column is not None]
    return not known or max(known) >= MIN_OUTSIDE


def has_measured_values(case: Case) -> bool:
    """Returns whether inputs or targets are uploaded numbers, which may have outliers."""
    return isinstance(case.spec.dataset, ForecastSpec | SequencesSpec)


def may_lack_signal(case: Case) -> bool:
    """Returns False if the task, a reference model or the run itself is better than the baseline.

    The gain must be large enough that it is not by chance.
    """
    task = case.task
    if task is not None and task.attainable is not None and task.baseline is not None:
        return task.attainable == task.baseline.value
    known = reference_gain(case)
    own: list[float] = gains(case, "validation").tolist()
    return max([known or 0.0, *own]) < SIGNAL_GAIN


def is_absent_at_start(case: Case, quantity: str) -> bool:
    """Returns whether the quantity was measured and was 0 everywhere at the first probe."""
    return first(case, quantity) == 0.0
