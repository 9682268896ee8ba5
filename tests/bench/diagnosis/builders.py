"""Runs and opinions with defaults, of which a test names what matters to it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count

from app.domain.diagnosis.findings import DiagnosisVerdict
from app.domain.specs.job import JobSpec
from bench.diagnosis.grading import Graded, grade_of
from bench.diagnosis.judge import JudgedRun
from bench.diagnosis.opinions import SHARES, Opinion, Opinions
from bench.diagnosis.stored import Injected, Label

_NUMBERS = count()
SPEC = JobSpec.model_validate({"model": {"kind": "lstm"}, "dataset": {"kind": "adding"}})
SICK, HEALTHY = DiagnosisVerdict.SICK, DiagnosisVerdict.HEALTHY


def label(*leaves: str, task: str = "adding_lstm", kind: str = "l2") -> Label:
    injected = tuple(
        Injected(kind=kind, leaf=leaf, level=1.0, strength=3, num_strengths=4) for leaf in leaves
    )
    return Label(task=task, family="adding", kind=kind, injected=injected, plan="test")


def opinions(
    *sick_at: float, causes: tuple[str, ...] = (), codes: tuple[str, ...] = ()
) -> Opinions:
    def verdict(share: float) -> DiagnosisVerdict:
        return SICK if share in sick_at else HEALTHY

    return Opinions(
        by_share={
            share: Opinion(verdict=verdict(share), causes=causes, codes=codes) for share in SHARES
        }
    )


def judged(
    progress: float,
    *leaves: str,
    said: Opinions | None = None,
    task: str = "adding_lstm",
    spec: JobSpec | None = None,
    family: str = "adding",
) -> JudgedRun:
    graded = Graded(
        key=f"{task}-{next(_NUMBERS)}",
        label=replace(label(*leaves, task=task), family=family),
        progress=progress,
        grade=grade_of(progress),
        learned_at=None,
        seconds=1.0,
    )
    by_judge: Mapping[str, Opinions] = {"ours": said or opinions()}
    return JudgedRun(graded=graded, spec=spec or SPEC, opinions=dict(by_judge))
