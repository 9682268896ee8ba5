"""Trains networks on the adding problem and prints what would be said of them, probe by probe.

    python bench/verdicts.py [--cells elman gru] [--seeds 0 1 2 3 4] [--steps 5000] [--length 200]

A GRU whose reach grows while its loss is still flat must not be called sick; an Elman network that
never learns must be.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis
from app.domain.diagnosis.progress import task_progress
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts
from app.domain.telemetry import (
    FloatArray,
    LagProfile,
    ReadingBatch,
    ScalarReading,
    Telemetry,
    of_kind,
)
from worker.datasets.build import build_task
from worker.training.loop import train
from worker.training.outcome import Interruption


@dataclass(kw_only=True)
class Notebook:
    """Keeps what a run sends, and judges it as the service would."""

    spec: JobSpec
    facts: TaskFacts | None = None
    tensor_names: tuple[str, ...] = ()
    batches: list[ReadingBatch] = field(default_factory=list)
    last_verdict: str = ""
    num_probes: int = 0

    def begin(self, facts: TaskFacts, tensor_names: tuple[str, ...], _device: str) -> None:
        self.facts, self.tensor_names = facts, tensor_names

    def keep(self, batch: ReadingBatch) -> None:
        self.batches.append(batch)
        if of_kind(LagProfile, batch.readings):
            self.tell(self.judge(stop_reason=None))

    def case(self, *, stop_reason: StopReason | None) -> Case:
        return Case(
            spec=self.spec,
            task=self.facts,
            telemetry=self._telemetry(),
            num_steps=self.spec.training.num_steps,
            attempt=1,
            has_ended=stop_reason is not None,
            stop_reason=stop_reason,
        )

    def judge(self, *, stop_reason: StopReason | None) -> Diagnosis:
        return diagnose(self.case(stop_reason=stop_reason))

    def tell(self, diagnosis: Diagnosis) -> None:
        """A line whenever the verdict or a finding changes, and every tenth probe."""
        self.num_probes += 1
        findings = {f.code: f"{f.code}={f.state}/{f.severity}" for f in diagnosis.findings}
        word = f"{diagnosis.verdict:<13}{' '.join(findings.values())}"
        if word == self.last_verdict and self.num_probes % 10:
            return
        self.last_verdict = word
        case = self.case(stop_reason=None)
        progress = task_progress(case)
        ratio = case.profiles[-1].ratio_at_required_lag if case.profiles else None
        horizon = case.profiles[-1].horizon.value if case.profiles else 0
        trend = next(
            (
                f.evidence["horizon_trend_timesteps_per_1000_steps"]
                for f in diagnosis.findings
                if f.code == "vanishing_gradient"
            ),
            None,
        )
        print(
            f"  step {diagnosis.as_of_step!s:>5}  progress {progress.value if progress else 0:6.2f}"
            f"  horizon {horizon:>4}  ratio {ratio.value if ratio else float('nan'):9.2e}"
            f"  trend/1000 {trend if trend is None else f'{trend:.1f}'!s:>6}  {word}",
            flush=True,
        )

    def _telemetry(self) -> Telemetry:
        chunks = [batch.chunk for batch in self.batches if batch.chunk is not None]
        readings = [one for batch in self.batches for one in batch.readings]
        scalar_readings, profiles = of_kind(ScalarReading, readings), of_kind(LagProfile, readings)
        if not chunks:
            steps_n = np.array([], dtype=np.int32)
            return Telemetry(
                steps_n=steps_n, scalars={}, scalar_readings=scalar_readings, profiles=profiles
            )
        return Telemetry(
            steps_n=np.concatenate([chunk.steps_n for chunk in chunks]),
            scalars=_joined([chunk.scalars for chunk in chunks]),
            tensor_names=self.tensor_names,
            tensors=_joined([chunk.tensors for chunk in chunks]),
            scalar_readings=scalar_readings,
            profiles=profiles,
        )


def _joined(parts: list[Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def run(spec: JobSpec) -> Diagnosis:
    """Train in this process and judge after each probe and at the end."""
    notebook = Notebook(spec=spec)
    outcome = train(
        spec,
        build_task(spec.dataset, upload=None),
        device=torch.device("cpu"),
        send=notebook.keep,
        begin=notebook.begin,
        stop_requested=lambda: None,
    )
    reason = outcome.stop_reason
    final = notebook.judge(stop_reason=None if isinstance(reason, Interruption) else reason)
    notebook.last_verdict = ""
    notebook.tell(final)
    return final


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cells", nargs="+", default=["elman", "gru"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--radius", type=float, default=None, help="spectral radius at the start")
    parser.add_argument("--unclipped", action="store_true")
    parser.add_argument("--every", type=int, default=None, help="steps between probes")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for cell in chosen.cells:
        for seed in chosen.seeds:
            print(f"{cell} seed {seed}", flush=True)
            final = run(_spec(chosen, cell=cell, seed=seed))
            print(f"  {final.summary}")
            for finding in final.findings:
                kinds = ", ".join(remedy.kind for remedy in finding.remedies) or "no remedy"
                cause = finding.cause.code if finding.cause else "cause not known"
                print(f"  {finding.code} ({cause}): {finding.explanation} [{kinds}]")


def _spec(chosen: argparse.Namespace, *, cell: str, seed: int) -> JobSpec:
    init = {}
    if chosen.radius is not None:
        init = {"recurrent": {"kind": "spectral_radius", "radius": chosen.radius}}
    return JobSpec.model_validate(
        {
            "model": {"kind": cell, "hidden_size": 64},
            "init": init,
            "clipping": {"kind": "none"} if chosen.unclipped else {"kind": "norm", "max_norm": 1},
            "dataset": {"kind": "adding", "length": chosen.length, "seed": seed},
            "training": {"num_steps": chosen.steps, "seed": seed},
            "probes": {"every": chosen.every},
        }
    )


if __name__ == "__main__":
    main()
