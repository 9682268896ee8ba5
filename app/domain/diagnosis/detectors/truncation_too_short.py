"""Does `bptt_length` cut the gradient before the lag that the task needs?"""

from dataclasses import dataclass

from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import HARMLESS, UNKNOWN, Consequence, consequence_of
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import interval, number
from app.domain.diagnosis.findings import Finding, FindingState, Severity
from app.domain.diagnosis.prose import counted, short
from app.domain.diagnosis.reach import Reach, Sighting, least_ratio, settle_step, settled, sightings
from app.domain.diagnosis.thresholds import count
from app.domain.diagnosis.units import meaning
from app.domain.task import LagSource

CODE = "truncation_too_short"


@dataclass(frozen=True, kw_only=True)
class TruncationThresholds:
    """The thresholds of `truncation_too_short`."""

    min_probes: int = count(
        3,
        unit="probes",
        meaning=(
            "number of latest probes that must agree that without the cut the gradient would not "
            "reach the required lag either; then the cut alone is not to blame"
        ),
        source="as `vanishing_gradient.min_probes`",
    )


def detect(case: Case, limits: TruncationThresholds) -> Outcome:
    cut, lag = case.spec.training.bptt_length, needed_lag(case)
    if cut is None or lag < cut or _still_trains(case):
        return None
    # before they were measured, profiles of the gradient without the cut are those with it
    seen = sightings(case) if case.uncut_profiles is not case.profiles else ()
    latest = (settled(case, seen) or seen)[-limits.min_probes :]
    if latest and all(one.reach is Reach.SHORT for one in latest):
        return None
    state = (
        FindingState.ACTIVE if case.present_step >= settle_step(case) else FindingState.PREDICTED
    )
    now = consequence_of(case)
    if state is FindingState.PREDICTED and now == HARMLESS:
        return None
    return _finding(
        case,
        limits,
        state=state,
        consequence=UNKNOWN if state is FindingState.PREDICTED else _capped(case, now),
        reaching=next((one for one in reversed(seen) if one.reach is not Reach.SHORT), None),
        first_step=next((one.step for one in seen if one.reach is not Reach.SHORT), 0),
    )


def needed_lag(case: Case) -> int:
    """Returns the required lag, which `needs.required_lag` has seen to be known."""
    lag = case.task.required_lag.timesteps if case.task else None
    return -1 if lag is None else lag


def _still_trains(case: Case) -> bool:
    """Returns whether a gradient arrives at the needed lag in spite of the cut.

    It does in a bidirectional network whose backward direction reads that timestep last.
    """
    ratios = [least_ratio(case, profile) for profile in case.profiles]
    return case.spec.model.bidirectional and any(ratio and ratio.value > 0 for ratio in ratios)


def _capped(case: Case, now: Consequence) -> Consequence:
    """Returns the consequence, at most a warning where the required lag is estimated."""
    source = case.task.required_lag.source if case.task else None
    if source is LagSource.ESTIMATED and now.severity is Severity.CRITICAL:
        return Consequence(impact=now.impact, severity=Severity.WARNING)
    return now


def _finding(
    case: Case,
    limits: TruncationThresholds,
    *,
    state: FindingState,
    consequence: Consequence,
    reaching: Sighting | None,
    first_step: int,
) -> Finding:
    return Finding(
        code=CODE,
        state=state,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=first_step,
        last_step=case.present_step,
        threshold={"min_probes": limits.min_probes},
        evidence=_evidence(case, reaching),
        explanation=(f"{_symptom(case, reaching)} {meaning(case, state, consequence.impact)}"),
    )


def _evidence(case: Case, reaching: Sighting | None) -> dict[str, JsonValue]:
    lag = case.task.required_lag if case.task else None
    return {
        "bptt_length_timesteps": case.spec.training.bptt_length,
        "required_lag_timesteps": needed_lag(case),
        "required_lag_interval_timesteps": interval(lag.interval) if lag else None,
        "required_lag_source": lag.source.value if lag else None,
        "untruncated_gradient_ratio": number(reaching.ratio.value) if reaching else None,
        "untruncated_gradient_step": reaching.step if reaching else None,
    }


def _symptom(case: Case, reaching: Sighting | None) -> str:
    cut, lag = case.spec.training.bptt_length, needed_lag(case)
    cut_off = (
        f"The task needs lag {lag}, and training.bptt_length ends the gradient after "
        f"{counted(cut or 0, 'timestep')}: from there on it is exactly 0."
    )
    if reaching is None:
        return cut_off
    return (
        f"{cut_off} Without the cut it is {short(reaching.ratio.value)} times that at lag 0 at lag "
        f"{reaching.ratio.lag} (step {reaching.step:,})."
    )


CARD = DetectorCard(
    code=CODE,
    summary="`bptt_length` cuts the gradient before the lag that the task needs.",
    in_words="bptt_length cuts the gradient before the lag that the task needs",
    is_essential=False,
    needs=(needs.required_lag,),
    thresholds=TruncationThresholds,
    detect=detect,
)
