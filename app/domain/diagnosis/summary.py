"""The summary of a diagnosis: at most four sentences that tell one story, built from its findings.

Verdict and outcome in numbers; the mechanism; its cause; what to do first.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import FAMILY_SUMMARIES, UNDETERMINED, Family
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.findings import (
    Cause,
    DiagnosisVerdict,
    Finding,
    FindingState,
    NotAssessed,
    Outlook,
    Severity,
)
from app.domain.diagnosis.outlook_in_words import outlook_clause
from app.domain.diagnosis.progress import task_progress
from app.domain.diagnosis.progress_in_words import score_beside_baseline, way_to_attainable
from app.domain.diagnosis.prose import (
    counted,
    first_sentence,
    likelihood,
    listed,
    lowered,
    percent,
    sentence,
    short,
)
from app.domain.diagnosis.reach import Reach, sightings
from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import Remedy
from app.domain.runs import COMPLETED_AS_ASKED, StopReason
from app.domain.specs.patch import as_document

MAX_SENTENCES = 4
#: Settings of a remedy that are named; a patch with more is told by its card alone.
MAX_SETTINGS = 2
#: Symptoms that are named where they could not be assessed; more are counted.
MAX_NAMED = 2
#: Codes of the findings that judge the scores; the others judge a mechanism.
OUTCOMES = frozenset(
    {
        "no_better_than_baseline",
        "loss_plateau",
        "slow_convergence",
        "overfitting",
        "diverging_loss",
        "oscillating_loss",
    }
)
ENDS: Mapping[StopReason, str] = MappingProxyType(
    {
        StopReason.DIVERGED: "diverged",
        StopReason.TIMED_OUT: "reached its time limit",
        StopReason.CRITICAL_FINDING: "was stopped at a critical finding",
        StopReason.CANCELLED: "was cancelled",
        StopReason.LOST: "was lost with its worker",
        StopReason.CRASHED: "crashed",
        StopReason.OUT_OF_MEMORY: "ran out of memory",
        StopReason.INVALID_DATA: "failed for its data",
    }
)
_WORDS: Mapping[DiagnosisVerdict, str] = MappingProxyType(
    {
        DiagnosisVerdict.HEALTHY: "Healthy",
        DiagnosisVerdict.AT_RISK: "At risk",
        DiagnosisVerdict.SICK: "Sick",
        DiagnosisVerdict.UNDETERMINED: "Undetermined",
    }
)
_DETECTORS = MappingProxyType({card.code: card for card in DETECTORS})
_CAUSES = MappingProxyType({card.code: card for card in CAUSES})
_REMEDIES = MappingProxyType({card.kind: card for card in REMEDIES})


def summarise(
    case: Case,
    verdict: DiagnosisVerdict,
    findings: Sequence[Finding],
    not_assessed: Sequence[NotAssessed],
    causes: Sequence[Cause] = (),
    outlook: Outlook | None = None,
    *,
    num_experiments: int = 0,
) -> str:
    """Returns one to four sentences; the one on the score ends with the outlook.

    `num_experiments` is how many runs have tested the causes.
    """
    if verdict is DiagnosisVerdict.HEALTHY:
        told = _health(case, findings, not_assessed, outlook)
    elif verdict is DiagnosisVerdict.UNDETERMINED:
        told = _open_questions(case, not_assessed, outlook)
    else:
        after = f" after {counted(num_experiments, 'experiment')}" if num_experiments else ""
        told = _illness(case, verdict, findings, causes, outlook, after=after)
    return f"{_WORDS[verdict]}{_extent(case)}: {' '.join(list(told)[:MAX_SENTENCES])}"


def _extent(case: Case) -> str:
    """Returns how much of the run was judged, unless it is complete."""
    if case.stop_reason in COMPLETED_AS_ASKED:
        return ""
    done = f"{case.num_steps_done:,} of {counted(case.num_steps, 'step')}"
    if case.stop_reason is None:
        return f" at {done}"
    return f", judged by {done}, after which the run {ENDS[case.stop_reason]}"


def _illness(
    case: Case,
    verdict: DiagnosisVerdict,
    findings: Sequence[Finding],
    causes: Sequence[Cause],
    outlook: Outlook | None,
    *,
    after: str = "",
) -> Iterator[str]:
    """Yields outcome, mechanism, cause and the first remedy; nothing is told twice.

    `after` says in words which experiments the cause rests on.
    """
    grave = _grave(findings, verdict)
    outcome = next((one for one in grave if one.code in OUTCOMES), None)
    mechanism = next((one for one in grave if one.code not in OUTCOMES), None)
    if outcome is not None:
        yield _with_outlook(lowered(first_sentence(outcome.explanation)), outlook)
    elif (score := _score(case, outlook)) is not None:
        yield score
    if mechanism is not None:
        yield _mechanism(case, mechanism, is_first=outcome is None and score is None)
    is_seen = verdict is DiagnosisVerdict.SICK
    yield from (_cause(cause, is_seen=is_seen, after=after) for cause in causes[:1])
    if remedy := next((one for finding in grave for one in finding.remedies), None):
        yield _advice(case, remedy)
    elif causes and causes[0].experiments:
        yield f"First, find out by a run: {lowered(causes[0].experiments[0].reason)}"


def _cause(cause: Cause, *, is_seen: bool, after: str) -> str:
    """Returns the cause in words; before the run is seen to fail, on condition that it does."""
    if cause.code == UNDETERMINED:
        return f"The cause is undetermined{after}."
    if cause.code in _CAUSES:
        what = _CAUSES[cause.code].summary
    else:
        what = FAMILY_SUMMARIES[Family(cause.code)]
    condition = "" if is_seen or (cause.probability or 0.0) >= 1 else " if the run fails"
    return f"The cause{condition}{_chance(cause.probability, after)}: {lowered(what)}"


def _chance(probability: float | None, after: str) -> str:
    if probability is None or probability >= 1:
        return ""
    return f", {likelihood(probability)} ({percent(probability)}{after})"


def _grave(findings: Sequence[Finding], verdict: DiagnosisVerdict) -> list[Finding]:
    """Returns the findings that the verdict rests on, in the order of the detectors."""
    if verdict is DiagnosisVerdict.SICK:
        return [
            one
            for one in findings
            if one.state is FindingState.ACTIVE and one.severity is Severity.CRITICAL
        ]
    return [
        one
        for one in findings
        if one.state is FindingState.PREDICTED
        or (one.state is FindingState.ACTIVE and one.severity is Severity.WARNING)
    ]


def _score(case: Case, outlook: Outlook | None) -> str | None:
    progress = task_progress(case)
    if progress is None:
        return None
    way = way_to_attainable(case, progress)
    told = f"{score_beside_baseline(case, progress)}{f' ({way})' if way else ''}."
    return _with_outlook(told, outlook)


def _with_outlook(told: str, outlook: Outlook | None) -> str:
    return told if outlook is None else f"{told[:-1]}; {outlook_clause(outlook)}."


def _mechanism(case: Case, finding: Finding, *, is_first: bool) -> str:
    symptom = first_sentence(finding.explanation)
    if finding.state is FindingState.PREDICTED:
        words = _DETECTORS[finding.code].in_words
        start = "it may be that" if not case.has_ended else "the first probes show that"
        symptom = f"{sentence(f'{start} {words}')[:-1]}: {lowered(symptom)}"
    return lowered(symptom) if is_first else symptom


def _advice(case: Case, remedy: Remedy) -> str:
    changes = dict(_changes(remedy.patch, as_document(case.spec)))
    action = lowered(_REMEDIES[remedy.kind].summary)[:-1]
    is_plain = not any(isinstance(value, list) for value in changes.values())
    if not is_plain or not 0 < len(changes) <= MAX_SETTINGS:
        return f"First, {action}."
    settings = listed(f"`{name}` {_setting(value)}" for name, value in changes.items())
    return f"First, {action}: set {settings}."


def _changes(
    patch: Mapping[str, JsonValue], present: JsonValue, path: str = ""
) -> Iterator[tuple[str, JsonValue]]:
    """Yields the settings that the patch changes, by path; others are not told."""
    for name, value in patch.items():
        inner = present.get(name) if isinstance(present, dict) else None
        if isinstance(value, dict):
            yield from _changes(value, inner, f"{path}{name}.")
        elif value != inner:
            yield f"{path}{name}", value


def _setting(value: JsonValue) -> str:
    if isinstance(value, float):
        return f"to {short(value)}"
    if isinstance(value, int):
        return f"to {value:,}"
    return "to null" if value is None else f"to {value}"


def _health(
    case: Case,
    findings: Sequence[Finding],
    not_assessed: Sequence[NotAssessed],
    outlook: Outlook | None,
) -> Iterator[str]:
    """Yields what was learned, what was looked at, and what was seen without harm."""
    score = _score(case, outlook)
    if score is not None:
        yield score
    harmless = [one for one in findings if one.state is FindingState.ACTIVE]
    num_asked = len(DETECTORS) - len(not_assessed)
    fate = "does harm" if harmless else "is present"
    looked = f"none of the {num_asked} symptoms that were looked for {fate}"
    if not_assessed:
        few = len(not_assessed) <= MAX_NAMED
        codes = listed(missing.code for missing in not_assessed) if few else len(not_assessed)
        looked = f"{looked}; {codes} could not be assessed"
    yield lowered(sentence(looked)) if score is None else sentence(looked)
    if findings:
        yield first_sentence((harmless or findings)[0].explanation)
    seen = sightings(case)
    if seen and seen[-1].reach is Reach.LONG:
        yield (
            f"The gradient reaches the lag that the task needs: at "
            f"{counted(seen[-1].ratio.lag, 'timestep')} it is {short(seen[-1].ratio.value)} "
            "times that at lag 0."
        )


def _open_questions(
    case: Case, not_assessed: Sequence[NotAssessed], outlook: Outlook | None
) -> Iterator[str]:
    """Yields what could not be looked at, why, and what to do."""
    essential = [one for one in not_assessed if _DETECTORS[one.code].is_essential]
    codes_by_reason: dict[str, list[str]] = {}
    for one in essential:
        codes_by_reason.setdefault(one.reason, []).append(one.code)
    (reason, codes), *others = codes_by_reason.items()
    yield f"no harm was seen, but {listed(codes)} could not be assessed because {reason}."
    if others:
        rest = "; ".join(f"{listed(codes)} because {reason}" for reason, codes in others)
        yield f"Nor could {rest}."
    if (score := _score(case, outlook)) is not None:
        yield sentence(score)
    if _is_for_the_spec(case):
        return
    if case.has_ended:
        yield "A longer run, or one with more probes and evaluations, can answer it."
    else:
        yield "Later steps of this run can answer it."


def _is_for_the_spec(case: Case) -> bool:
    """Returns whether only another spec can answer; the reason then names the setting."""
    is_lag_unknown = case.task is not None and case.task.required_lag.timesteps is None
    return is_lag_unknown or case.spec.probes.tier == "off"
