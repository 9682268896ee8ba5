"""Views of a diagnosis: findings with evidence, and remedies that can be posted."""

from uuid import UUID

from pydantic import JsonValue

from app.api.models.not_finite import NonFinitePlace, places
from app.api.models.offered_requests import Requests, RequestView, in_order_of
from app.api.models.view import Derived, Evidence, View
from app.domain.diagnosis.codes import FindingCode
from app.domain.diagnosis.findings import (
    Cause,
    Diagnosis,
    DiagnosisVerdict,
    Experiment,
    Finding,
    FindingState,
    Impact,
    Severity,
)
from app.domain.diagnosis.remedy import Remedy
from app.domain.scopes import Scope, Split


class RecordView(View):
    """How often a remedy cured runs with the same cause, by training."""

    tried: int
    """Runs with the cause on which it was tried."""
    cured: int
    """Of these, the runs that learned their task with it, with most of three fresh seeds."""
    control_cured: int
    """Of these, the runs that learned it without a change, with fresh seeds."""
    lower_bound: Derived
    """Lower end of the score interval of the share of cures, from 0 to 1: few runs count less.
    Remedies are advised in its order."""
    source: str
    """The benchmark that it was counted on."""


class RemedyView(View):
    """A change of the job that acts on a cause."""

    kind: str
    """Kind of the remedy; the catalogue describes it."""
    patch: dict[str, JsonValue]
    """Merge patch of the run's spec. A change of `kind` replaces the whole object."""
    reason: str
    """Why it is advised here, with the run's own numbers."""
    source: str
    """A publication, or the measurement that supports it."""
    record: RecordView | None
    """For the likeliest of its causes; null if it was not tried for that."""
    request: RequestView
    """The request that tries it, as it can be sent."""
    fork: RequestView | None
    """The same change from the step with the best validation score on, which keeps what was learned
    and costs the remaining steps alone. Null where the change needs a new network or other data,
    where nothing was learned, or while no such step is saved."""


class RankedCauseView(View):
    """A cause and its probability."""

    code: str
    """Code of the cause."""
    probability: Derived
    """From 0 to 1."""


class ExperimentView(View):
    """A run whose result would tell causes apart."""

    cause: str
    """The cause that it tests."""
    reason: str
    """What its result tells."""
    patch: dict[str, JsonValue]
    """Merge patch of the run's spec. A change of `kind` replaces the whole object."""
    request: RequestView
    """The request that starts it, as it can be sent."""


class ExperimentResultView(View):
    """What a run that tested a cause tells."""

    cause: str
    """The cause that it tests, the likeliest if its change tests several."""
    patch: dict[str, JsonValue]
    """Merge patch of the run's spec."""
    run_id: UUID
    """The run that carried it out."""
    progress: Derived
    """Of its score, from that of the baseline, 0, to the one that the task allows, 1; on test data
    or, without any, on validation data."""
    has_learned: bool
    """Whether it learned its task: a progress of 0.8 or more."""
    supports: str | None
    """The cause that it speaks for most; null if there is no other cause."""
    probability_before: Derived
    """Of the tested cause, without any experiment."""
    probability: Derived
    """Of the tested cause, by all experiments."""
    explanation: str
    """The same in sentences."""


class CauseView(View):
    """Why a symptom is there, with the numbers that speak for it."""

    code: str
    """A cause, a family of causes if none of its causes stands out, or `undetermined` if no family
    is more likely than not. The catalogue describes causes and families."""
    family: str | None
    """Null for `undetermined`, and in diagnoses of rules before version 5."""
    probability: Derived | None
    """That it is a cause, from 0 to 1, given that the run fails. A run may have two, so that the
    sum may exceed 1. Of `undetermined`, that none of the causes listed after it is one. Null in
    diagnoses of rules before version 5."""
    evidence: Evidence
    """Numbers of the run. The keys contain the units."""
    leaves: list[RankedCauseView]
    """The causes of the family that are possible, the likeliest first."""
    experiments: list[ExperimentView]
    """Of `undetermined`: runs whose results would tell the likeliest causes apart. When one of them
    has ended, the run is judged again with its result."""
    no_remedy: str | None
    """Why no change of the job helps; null where there are remedies for it."""


class FindingView(View):
    """A symptom that was found."""

    code: FindingCode
    """Code of the symptom; the catalogue describes it."""
    state: FindingState
    """Whether it is expected, present, or over."""
    impact: Impact
    """Whether it prevents the task from being learned."""
    severity: Severity
    """How much it matters."""
    confidence: Derived | None
    """How likely it is right, from 0 to 1: that the run fails for it or, of information, that it
    does no harm."""
    first_step: int
    """First step of the interval in which it was seen."""
    last_step: int
    """Last step of that interval."""
    resolved_step: int | None
    """First step at which it was over; null while it is present."""
    scope: Scope
    """Where it was seen: `model`, a layer, a gate or a tensor."""
    threshold: dict[str, float]
    """By the names that override them in the query: `?vanishing_gradient.max_ratio=0.05`."""
    evidence: Evidence
    """Numbers. The keys contain the units."""
    non_finite: list[NonFinitePlace]
    """Evidence that is null because it is not finite, by JSON pointer within the finding."""
    cause: CauseView | None
    """The first of the diagnosis' `causes` that can explain it; null if it needs no explanation."""
    explanation: str
    """What was seen and why it matters, in sentences."""
    remedies: list[RemedyView]
    """What to change, the best first."""


class NotAssessedView(View):
    """A symptom that could not be assessed."""

    code: FindingCode
    """Code of the symptom."""
    reason: str
    """Why it could not be assessed."""


class OutlookView(View):
    """How a running run will end at the steps and the schedule asked for, if it is left alone.

    Fitted to runs of a benchmark, by the curve so far, the trend of the reach and the findings.
    """

    probability_no_better_than_baseline: Derived
    """That it ends no better than its baseline, from 0 to 1."""
    probability_not_learned: Derived
    """That it ends so, or far from the score that the task allows, from 0 to 1."""
    metric: str
    """The metric that the task is judged by."""
    split: Split
    """The split that is judged."""
    expected: Derived
    """The median of the metric at the end."""
    interval: tuple[Derived, Derived]
    """It lies in this interval with a probability of 80 %."""
    share_of_run: Derived
    """Share of the run's steps that were done when it was judged."""


class DiagnosisView(View):
    """The diagnosis of one attempt of a run, up to one step."""

    run_id: UUID
    """The run."""
    attempt: int
    """The attempt that was judged."""
    as_of_step: int | None
    """The last step that was judged; null before the first reading."""
    final: bool
    """True: it was stored together with the end of the run."""
    rules_version: str
    """Version of the rules that judged."""
    verdict: DiagnosisVerdict
    """The overall judgement."""
    summary: str
    """The reason in one or two sentences."""
    findings: list[FindingView]
    """Symptoms that were found, the gravest first."""
    not_assessed: list[NotAssessedView]
    """Symptoms that could not be assessed, with the reasons. They do not count as healthy."""
    causes: list[CauseView]
    """At most three, the likeliest first after `undetermined`; none without a finding that matters:
    one above `info` that is not resolved."""
    outlook: OutlookView | None
    """Null for a run that has ended, and as long as it has no score or no baseline."""
    experiment_results: list[ExperimentResultView]
    """Of the runs that tested a cause and have ended; the causes are weighed by them."""


def view_diagnosis(
    run_id: UUID, diagnosis: Diagnosis, *, parent_id: UUID | None = None
) -> DiagnosisView:
    """`parent_id` is the run that the runs of its requests descend from; None for preflights."""
    requests = Requests(parent_id=parent_id)
    return DiagnosisView.of(
        diagnosis,
        run_id=run_id,
        findings=[_view_finding(one, requests) for one in diagnosis.findings],
        causes=[_view_cause(one, requests) for one in diagnosis.causes],
    )


def _view_finding(finding: Finding, requests: Requests) -> FindingView:
    return FindingView.of(
        finding,
        non_finite=[
            *places(dict(finding.evidence), "/evidence"),
            *places(dict(finding.cause.evidence) if finding.cause else {}, "/cause/evidence"),
        ],
        cause=None if finding.cause is None else _view_cause(finding.cause, requests),
        remedies=[_view_remedy(one, requests) for one in finding.remedies],
    )


def _view_cause(cause: Cause, requests: Requests) -> CauseView:
    experiments = [_view_experiment(one, requests) for one in cause.experiments]
    return CauseView.of(cause, experiments=experiments)


def _view_experiment(experiment: Experiment, requests: Requests) -> ExperimentView:
    request = requests.experiment(experiment.body, cause=experiment.cause)
    patch = in_order_of(request.body, experiment.patch)
    return ExperimentView.of(experiment, patch=patch, request=request)


def _view_remedy(remedy: Remedy, requests: Requests) -> RemedyView:
    request = requests.remedy(remedy.body, kind=remedy.kind)
    patch = in_order_of(request.body, remedy.patch)
    fork = None if remedy.fork_step is None else requests.fork(patch)
    return RemedyView.of(remedy, patch=patch, request=request, fork=fork)
