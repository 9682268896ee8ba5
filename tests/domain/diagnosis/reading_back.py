"""Reads the sentences of a diagnosis back and compares them with the numbers that they rest on.

The check knows no detector: it applies to every finding, whatever its code.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from math import exp, floor, isfinite, log10

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.findings import Diagnosis, DiagnosisVerdict, Finding, FindingState
from app.domain.diagnosis.progress import TaskProgress, progress_on, task_progress
from app.domain.diagnosis.reach import settle_step, sightings
from app.domain.diagnosis.remedies.keep_learning_rate import NUM_STEPS_READ
from app.domain.diagnosis.remedy import Remedy
from app.domain.diagnosis.run_numbers import numbers_of
from app.domain.integrity import LIMITS
from app.domain.quantities import QUANTITIES
from app.domain.specs.init.identity import Identity
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document
from app.domain.task import MetricMode

MAX_DIGITS = 3
#: Task progress on the training part from which on it is learned.
LEARNED = 0.5
#: Slopes are given for so many steps.
PER_STEPS = 1000
PERCENT = 100
#: Whole numbers from here on may be rounded.
EXACT_BELOW = 1000
#: Larger powers of ten overflow.
MAX_LOG10 = 300
NUMBER = re.compile(r"(?<![\w.:/-])-?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?![\w/]|\.\d)( %)?")
#: A whole number beside such a word is a place or an amount, and is exact.
COUNTED = re.compile(
    r"^ (?:of|to|(?:more|last|recent|first|latest) )?\s?"
    r"(?:of )?(?:the )?(?:last )?[\d,]* ?"
    r"(?:step|timestep|probe|sequence|row|unit|weight|symptom|evaluation|time|lag|example|class|"
    r"layer|value|update|epoch|window|series|parameter|seed|token|character)"
)
PLACED = re.compile(r"(?:step|steps|timestep|lag|row|from|to|and|position|seed) $", re.IGNORECASE)
RELATIONS = {
    "below": -1,
    "less than": -1,
    "under": -1,
    "above": 1,
    "more than": 1,
    "over": 1,
    "about equal to": 0,
}
PAIR = re.compile(
    rf"(?P<value>{NUMBER.pattern[:-5]}(?: %)?),? (?:which is )?"
    rf"(?P<relation>{'|'.join(RELATIONS)}|better than|worse than|no better than|at least|at most)"
    rf" (?:the (?:limit of )?)?(?P<limit>{NUMBER.pattern[:-5]}(?: %)?)"
)
#: Words on what is still to come.
FUTURE = re.compile(r"\b(may|might|will|yet|so far|still|are left|worth waiting)\b")
NOT_LEARNED = re.compile(r"learned nothing|not learned(?! on validation)|nothing is learned")
VAGUE = re.compile(r"\b(nan|inf|None(?! of)|True|False)\b")


def complaints(diagnosis: Diagnosis, case: Case) -> list[str]:
    """Returns what is wrong with the sentences of the diagnosis; empty if all are true."""
    found = list(_of_findings(diagnosis, case))
    everything = [number for one in diagnosis.findings for number in _numbers_of(one)]
    patches = [n for one in diagnosis.findings for r in one.remedies for n in _numbers_in(r.patch)]
    known = [
        *everything,
        *patches,
        *_numbers_of_causes(diagnosis),
        *_numbers_of_outlook(diagnosis),
        *_numbers_of_case(case),
        len(DETECTORS) - len(diagnosis.not_assessed),
        len(diagnosis.not_assessed),
    ]
    if "Not judged" not in diagnosis.summary:
        found += _of_text("summary", diagnosis.summary, known, case)
    found += _of_summary(diagnosis, case)
    for cause in diagnosis.causes:
        for experiment in cause.experiments:
            patch = list(_numbers_in(experiment.patch))
            found += _of_text(cause.code, experiment.reason, [*known, *patch], case)
    for missing in diagnosis.not_assessed:
        found += _of_text(f"not_assessed {missing.code}", missing.reason, known, case)
    return found


def _of_findings(diagnosis: Diagnosis, case: Case) -> Iterator[str]:
    for finding in diagnosis.findings:
        known = [*_numbers_of(finding), *_numbers_of_case(case)]
        yield from _of_text(finding.code, finding.explanation, known, case)
        if finding.state is FindingState.PREDICTED and finding.impact != "unknown":
            yield f"{finding.code}: a prediction with a known impact"
        for remedy in finding.remedies:
            patch = [*_numbers_in(dict(remedy.patch)), *_derived(remedy, case)]
            yield from _of_text(
                f"{finding.code}/{remedy.kind}", remedy.reason, [*known, *patch], case
            )


def _numbers_of_causes(diagnosis: Diagnosis) -> Iterator[float]:
    for cause in diagnosis.causes:
        yield from _numbers_in([cause.probability, dict(cause.evidence)])
        yield from _numbers_in([experiment.patch for experiment in cause.experiments])


def _numbers_of_outlook(diagnosis: Diagnosis) -> Iterator[float]:
    if diagnosis.outlook is not None:
        yield from _numbers_in(asdict(diagnosis.outlook))
        # the level of its interval
        yield 0.8


def _of_summary(diagnosis: Diagnosis, case: Case) -> Iterator[str]:
    if sentences(diagnosis.summary) > 4:  # as the contract says
        yield f"summary: more than four sentences: {diagnosis.summary}"
    progress = task_progress(case)
    is_below = progress is not None and progress.relative_gain < 0
    if diagnosis.verdict is DiagnosisVerdict.HEALTHY and is_below:
        yield f"verdict: healthy below the baseline: {diagnosis.summary}"


def sentences(text: str) -> int:
    return len(re.findall(r"[.!?](?= [A-Z0-9`]|$)", text))


def _of_text(place: str, text: str, known: Iterable[float], case: Case) -> Iterator[str]:
    yield from _of_numbers(place, text, [one for one in known if isfinite(one)])
    for pair in PAIR.finditer(text):
        if not _holds(pair, case):
            yield f"{place}: {pair.group()!r} does not hold: {text}"
    if case.has_ended and FUTURE.search(text):
        yield f"{place}: speaks of the future after the end: {text}"
    training = progress_on(case, "train")
    if NOT_LEARNED.search(text) and training is not None and training.is_at_least(LEARNED):
        yield f"{place}: the training part is learned: {text}"
    if VAGUE.search(text):
        yield f"{place}: a value is not in words: {text}"


def _of_numbers(place: str, text: str, numbers: Sequence[float]) -> Iterator[str]:
    for found in NUMBER.finditer(text):
        token = found.group()
        if not _is_counted(text, found) and significant_digits(token) > MAX_DIGITS:
            yield f"{place}: {token!r} has too many digits: {text}"
        if not any(_prints_as(number, token) for number in (*numbers, 0, 1, PER_STEPS)):
            yield f"{place}: {token!r} is in no evidence: {text}"


def _derived(remedy: Remedy, case: Case) -> Iterator[float]:
    """Yields what a reason may derive, such as the share of the rate that a schedule leaves."""
    yield from _kept(remedy, case)
    yield from _passed(remedy, case)
    steps = range(0, case.num_steps, max(1, case.num_steps // NUM_STEPS_READ))
    rule = case.spec.optimizer
    rates = [rule.rate_at(step, num_steps=case.num_steps) for step in steps]
    yield float(np.mean(rates)) / rule.learning_rate


def _kept(remedy: Remedy, case: Case) -> Iterator[float]:
    """Yields the share of a cell's content that a forget bias keeps over the required lag."""
    init = remedy.patch.get("init")
    bias = init.get("forget_bias") if isinstance(init, dict) else None
    if isinstance(bias, float) and case.task is not None:
        lag = case.task.required_lag.timesteps or case.task.length
        yield (1 / (1 + exp(-bias))) ** max(lag, 1)


def _passed(remedy: Remedy, case: Case) -> Iterator[float]:
    """Yields the gradient that an identity passes over the required lag, and what it sums up."""
    start = JobSpec.model_validate(dict(remedy.body)).init.recurrent
    if isinstance(start, Identity) and start.gain < 1 and case.task is not None:
        lag = case.task.required_lag.timesteps or case.task.length
        yield from (start.gain**lag, round(1 / (1 - start.gain)))


def significant_digits(token: str) -> int:
    mantissa = token.rstrip(" %").split("e")[0].lstrip("-").replace(",", "")
    digits = mantissa.replace(".", "").lstrip("0")
    return len(digits if "." in mantissa else digits.rstrip("0"))


def _is_counted(text: str, found: re.Match[str]) -> bool:
    if "." in found.group() or "%" in found.group():
        return False
    return bool(COUNTED.match(text[found.end() :]) or PLACED.search(text[: found.start()]))


def _value(token: str) -> float:
    return float(token.rstrip(" %").replace(",", ""))


def _prints_as(number: float, token: str) -> bool:
    """Returns whether the number, or its share in percent, rounds to what is printed."""
    printed = _value(token)
    if not isfinite(printed):
        # too large for a float: the evidence holds its logarithm
        return abs(number - int(token.split("e")[1])) <= 0.5  # rounded
    if token.endswith("%"):
        number = PERCENT * number
    if printed == 0 or number == 0:
        return printed == number
    digits = significant_digits(token) if "." in token or "e" in token else MAX_DIGITS
    half_unit = 0.5001 * 10 ** (floor(log10(abs(printed))) - max(digits, 1) + 1)
    if float(number).is_integer() and "." not in token and "e" not in token:
        is_rounded = abs(number) >= EXACT_BELOW and abs(number - printed) <= half_unit
        return number == printed or is_rounded
    if token.endswith("%"):
        half_unit = max(half_unit, 0.5001 * 10 ** floor(log10(abs(printed)) - 1))
    return bool(abs(number - printed) <= half_unit)


def _holds(pair: re.Match[str], case: Case) -> bool:
    value, limit = _value(pair["value"]), _value(pair["limit"])
    relation = pair["relation"]
    if relation in RELATIONS:
        return int(np.sign(value - limit)) == RELATIONS[relation]
    if relation in {"at least", "at most"}:
        return value >= limit if relation == "at least" else value <= limit
    is_lower_better = case.task is None or case.task.mode is MetricMode.MINIMISE
    gain = limit - value if is_lower_better else value - limit
    return {"better than": gain > 0, "worse than": gain < 0, "no better than": gain <= 0}[relation]


def _numbers_of(finding: Finding) -> Iterator[float]:
    yield from _numbers_in(dict(finding.evidence))
    yield from _numbers_in(dict(finding.threshold))
    for name, value in finding.evidence.items():
        if name.startswith("log10_") and isinstance(value, float):
            yield from (10.0**near for near in (value, round(value)) if abs(value) < MAX_LOG10)
    if finding.cause is not None:
        yield from _numbers_in(dict(finding.cause.evidence))
    yield from (finding.first_step, finding.last_step, finding.resolved_step or 0)
    yield from (1 / value for value in finding.threshold.values() if value)
    yield finding.confidence
    for quantity in QUANTITIES:
        if quantity.name in finding.evidence:
            yield from _numbers_in(vars(quantity))


def _numbers_of_case(case: Case) -> Iterator[float]:
    """Yields the numbers of the spec, the task, the thresholds and the scores."""
    yield from _numbers_in(as_document(case.spec))
    yield from (case.num_steps, case.num_steps_done, case.num_steps - case.num_steps_done)
    for card in DETECTORS:
        yield from _numbers_in(asdict(case.thresholds.of(card.thresholds)))
    for progress in (task_progress(case), progress_on(case, "train")):
        yield from _numbers_of_progress(progress)
    yield from _numbers_in(asdict(numbers_of(case)))
    yield settle_step(case)
    for sighting in sightings(case):
        yield from (sighting.ratio.lag, sighting.ratio.value)
    if case.task is not None:
        yield from _numbers_in(case.task.model_dump(mode="json"))
    for reading in case.failed_checks.values():
        yield from (reading.step, reading.value)
        yield from LIMITS[reading.quantity].values()
    for profile in case.telemetry.profiles:
        yield from (profile.step, profile.horizon.value, profile.horizon.threshold)
        if profile.ratio_at_required_lag is not None:
            yield from (profile.ratio_at_required_lag.lag, profile.ratio_at_required_lag.value)


def _numbers_of_progress(progress: TaskProgress | None) -> Iterator[float]:
    if progress is not None:
        yield from (progress.value, progress.score, progress.floor_score, progress.relative_gain)
        yield progress.step


def _number_in(found: re.Match[str]) -> float:
    token = found.group()
    return _value(token) / (PERCENT if token.endswith("%") else 1)


def _numbers_in(value: object) -> Iterator[float]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, str):
        yield from map(_number_in, NUMBER.finditer(value))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _numbers_in(inner)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _numbers_in(inner)
