"""A classifier that reads the job spec and no telemetry: what can be guessed without a diagnosis.

It is fitted on all families of tasks but one and asked about that one. Its features are the fields
of the spec, with numbers as logarithms.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer

from app.domain.diagnosis.findings import DiagnosisVerdict
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document
from bench.diagnosis.grading import Grade
from bench.diagnosis.judge import JudgedRun
from bench.diagnosis.opinions import SHARES, Opinion, Opinions
from bench.diagnosis.scoring import left_out

NAME = "spec alone"
NONE = "none"
_NUM_TREES = 200
#: Fields that say nothing of a fault.
_LEFT_OUT = frozenset({"name", "notes", "tags", "priority", "probes", "seed", "dataset_id"})
_MOST_CAUSES = 3


def with_spec_only(runs: Sequence[JudgedRun]) -> list[JudgedRun]:
    """Returns the runs with this judge's opinions added."""
    answers: dict[str, Opinion] = {}
    for others, own in left_out(runs):
        known = [run for run in others if run.graded.grade is not Grade.GREY]
        targets = [_target(run) for run in known]
        if len(set(targets)) > 1:
            fitted = _fit(
                [_features(run) for run in known], targets, [_features(run) for run in own]
            )
            answers.update(zip((run.graded.key for run in own), fitted, strict=True))
    nothing = Opinion(verdict=DiagnosisVerdict.UNDETERMINED)
    return [
        replace(run, opinions={**run.opinions, NAME: _always(answers.get(run.graded.key, nothing))})
        for run in runs
    ]


def _features(run: JudgedRun) -> Mapping[str, float | str]:
    return dict(features_of(run.spec))


def _always(opinion: Opinion) -> Opinions:
    return Opinions(by_share=dict.fromkeys(SHARES, opinion))


def _target(run: JudgedRun) -> str:
    injected = run.graded.label.injected
    return injected[0].leaf if run.graded.grade is Grade.FAILED and injected else NONE


def _fit(
    known: Sequence[Mapping[str, float | str]],
    targets: Sequence[str],
    asked: Sequence[Mapping[str, float | str]],
) -> list[Opinion]:
    vectors = DictVectorizer(sparse=False)
    forest = RandomForestClassifier(_NUM_TREES, random_state=0, n_jobs=1)
    forest.fit(vectors.fit_transform(known), targets)
    return [
        _opinion(dict(zip(forest.classes_, row, strict=True)))
        for row in forest.predict_proba(vectors.transform(asked))
    ]


def _opinion(probabilities: Mapping[str, float]) -> Opinion:
    sick = 1 - probabilities.get(NONE, 0.0)
    causes = sorted(
        (name for name in probabilities if name != NONE), key=lambda n: -probabilities[n]
    )
    is_sick = sick > 1 / 2
    return Opinion(
        verdict=DiagnosisVerdict.SICK if is_sick else DiagnosisVerdict.HEALTHY,
        causes=tuple(causes[:_MOST_CAUSES]),
        confidence=sick if is_sick else None,
    )


def features_of(spec: JobSpec) -> Iterator[tuple[str, float | str]]:
    """Yields each field of the spec by its path; numbers as logarithms, with their sign."""
    yield from _flat("", as_document(spec))
    length = spec.dataset.sequence_length
    cut = spec.training.bptt_length
    yield "cut_share", 1.0 if cut is None or length is None else cut / length


def _flat(path: str, value: JsonValue) -> Iterator[tuple[str, float | str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _LEFT_OUT:
                yield from _flat(f"{path}/{name}", inner)
    elif isinstance(value, bool) or value is None:
        yield path, str(value)
    elif isinstance(value, int | float):
        # the smallest numbers of a spec are about 1e-9
        yield path, math.copysign(math.log1p(abs(value) * 1e9), value)
    elif isinstance(value, str):
        yield path, value
