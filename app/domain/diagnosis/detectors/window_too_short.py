"""Do timesteps that the network is not shown tell what it is to answer?

The reference models see the window only. A run that is as good as they are is judged by this gain,
and not by them.
"""

from dataclasses import dataclass

from app.domain.data_facts import LongerContext
from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import BLOCKING, HARMLESS, UNKNOWN, Consequence
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.progress import task_progress
from app.domain.diagnosis.prose import counted, short
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, share, threshold
from app.domain.specs.dataset.sequences import SequencesSpec

CODE = "window_too_short"


@dataclass(frozen=True, kw_only=True)
class WindowThresholds:
    """The thresholds of `window_too_short`."""

    min_gain: float = threshold(
        0.2,
        unit="nats",
        meaning="smallest gain of the best longer context over the best one that is shown",
        source=f"up to 0.15 with windows that are long enough; {BENCHMARK}",
    )
    min_chances: float = threshold(
        2.0,
        meaning="smallest gain / the gain by chance in one of twenty cases",
        source=CHOSEN,
    )
    learned_progress: float = share(
        0.5,
        meaning="smallest task progress, by the ideal score, at which a short window does no harm",
        source=f"0.76 and more in runs that learned with a short window; {BENCHMARK}",
    )


def detect(case: Case, limits: WindowThresholds) -> Outcome:
    if case.task is None or case.task.attainable is not None:
        return None
    context = case.task.longer_context
    if context is None and _is_whole(case):
        return None
    if context is None:
        return NotAssessed(
            code=CODE, reason="it is unknown what timesteps before the sequences would tell"
        )
    if context.gain < max(limits.min_gain, limits.min_chances * context.chance):
        return None
    return _finding(case, limits, context)


def _is_whole(case: Case) -> bool:
    """Returns whether sequences are shown from their first timestep on."""
    dataset = case.spec.dataset
    return isinstance(dataset, SequencesSpec) and dataset.max_length is None


def _consequence(case: Case, limits: WindowThresholds) -> Consequence:
    progress = task_progress(case)
    if progress is None:
        return UNKNOWN
    if progress.is_at_least(limits.learned_progress):
        return HARMLESS
    return BLOCKING if case.has_ended else UNKNOWN


def _finding(case: Case, limits: WindowThresholds, context: LongerContext) -> Finding:
    consequence = _consequence(case, limits)
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=0,
        last_step=case.present_step,
        threshold={"min_gain": limits.min_gain, "min_chances": limits.min_chances},
        evidence={
            "shown_timesteps": context.shown,
            "enough_timesteps": context.enough,
            "tried_timesteps": context.tried,
            "gain_nats": number(context.gain),
            "chance_nats": number(context.chance),
        },
        explanation=(
            f"The network is shown {counted(context.shown, 'timestep')}, and a linear model gains "
            f"{short(context.gain)} nats held out with more of them. "
            f"It needs {context.enough} of the {context.tried} that were tried."
        ),
    )


CARD = DetectorCard(
    code=CODE,
    summary="Timesteps that the network is not shown tell what it is to answer.",
    in_words="the window is too short for what is to be answered",
    is_essential=False,
    needs=(needs.built_data,),
    thresholds=WindowThresholds,
    detect=detect,
)
