"""A diagnosis reads a short run whole and a bounded part of a long one, and finds the same."""

import tracemalloc
from collections.abc import Callable, Sequence
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy.orm import Session

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Finding
from app.domain.quantities import SCALARS
from app.domain.runs import Run, StopReason
from app.domain.telemetry import Reading, ReadingBatch, TelemetryChunk
from app.store import judged_telemetry
from app.store.cases import load_case
from app.store.judged_telemetry import read_judged_telemetry
from app.store.runs import find_run
from app.store.telemetry import append_batch, read_telemetry
from tests.domain.builders import job, profile, reading, scores
from tests.store.builders import TENSORS, a_batch, a_profile, claimed_run

BATCH_STEPS = 8192
NUM_STEPS = 400_000
Shape = Callable[[np.ndarray], dict[str, np.ndarray]]


def store(session: Session, run: Run, num_steps: int, shape: Shape) -> None:
    """Stores steps with a loss and norms of 1 unless `shape` says otherwise."""
    for seq, first in enumerate(range(0, num_steps, BATCH_STEPS)):
        steps_n = np.arange(first, min(first + BATCH_STEPS, num_steps), dtype=np.int32)
        ones_n = np.ones(steps_n.size, dtype=np.float32)
        scalars = {
            **dict.fromkeys(SCALARS, ones_n),
            "non_finite_count": np.zeros_like(ones_n),
            **{name: values.astype(np.float32) for name, values in shape(steps_n).items()},
        }
        chunk = TelemetryChunk(
            steps_n=steps_n,
            scalars=scalars,
            tensors={"weight_norm": np.stack([ones_n, ones_n, ones_n], axis=1)},
        )
        batch = ReadingBatch(chunk=chunk, progress_step=int(steps_n[-1]) + 1)
        append_batch(session, run_id=run.id, attempt=1, seq=seq, batch=batch)


def long_run(
    session: Session, workspace_id: UUID, shape: Shape, *, num_steps: int = 400_000
) -> Run:
    spec = job(training={"num_steps": num_steps}, clipping={"kind": "none"})
    run = claimed_run(session, workspace_id, spec=spec)
    store(session, run, num_steps, shape)
    return find_run(session, workspace_id, run.id)


def findings_of(session: Session, run: Run) -> dict[str, Finding]:
    diagnosis = diagnose(load_case(session, run, stop_reason=StopReason.COMPLETED))
    return {finding.code: finding for finding in diagnosis.findings}


def test_a_short_run_is_read_whole(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    readings: Sequence[Reading] = (*scores({3: 0.5}), a_profile(), a_profile(scope="layer:0"))
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=a_batch(readings=tuple(readings)))

    found, whole = read_judged_telemetry(session, run.id), read_telemetry(session, run.id)

    assert found.steps_n.tolist() == whole.steps_n.tolist()
    assert found.tensor_names == TENSORS
    for name in SCALARS:
        assert found.scalars[name].tobytes() == whole.scalars[name].tobytes()
    assert found.tensors["weight_norm"].tobytes() == whole.tensors["weight_norm"].tobytes()
    assert found.scalar_readings == whole.scalar_readings
    [judged] = found.profiles
    assert judged.log_norm_T.tobytes() == whole.profiles[0].log_norm_T.tobytes()
    assert judged.log_norm_median_T is None


def test_nothing_is_read_before_the_first_step(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)

    found = read_judged_telemetry(session, run.id)

    assert (found.steps_n.size, found.scalar_readings, found.profiles) == (0, (), ())


def test_a_long_healthy_run_has_no_findings(session: Session, workspace_id: UUID) -> None:
    run = long_run(session, workspace_id, lambda _: {})

    found = read_judged_telemetry(session, run.id)

    assert findings_of(session, run) == {}
    assert found.steps_n.size < 110 * 1024
    assert found.tensors["weight_norm"].shape == (found.steps_n.size, 1)
    assert found.tensors["weight_norm"][0, 0] == pytest.approx(3**0.5)
    assert found.last_step == 399_999


def test_one_bad_step_of_a_long_run_is_found(session: Session, workspace_id: UUID) -> None:
    run = long_run(session, workspace_id, lambda steps_n: {"non_finite_count": steps_n == 123_457})

    finding = findings_of(session, run)["non_finite"]

    assert (finding.first_step, finding.last_step) == (123_457, 123_457)
    assert finding.resolved_step == 123_458
    assert finding.evidence["last_finite_step"] == 123_456
    assert finding.evidence["non_finite_steps"] == 1


def test_a_spike_that_the_loss_suffers_from_is_found(session: Session, workspace_id: UUID) -> None:
    def shape(steps_n: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "grad_norm": np.where(steps_n == 391_111, 1e4, 1.0),
            "loss": np.where((steps_n >= 391_113) & (steps_n < 391_120), 50.0, 1.0),
        }

    finding = findings_of(session, long_run(session, workspace_id, shape))["exploding_gradient"]

    assert (finding.first_step, finding.last_step) == (391_111, 391_111)
    assert finding.evidence["harmful_spike_steps"] == 1
    assert finding.evidence["grad_norm_max"] == 1e4


def test_an_explosion_that_lasts_is_found(session: Session, workspace_id: UUID) -> None:
    run = long_run(
        session, workspace_id, lambda steps_n: {"grad_norm": np.where(steps_n < 200_000, 1, 1e9)}
    )

    finding = findings_of(session, run)["exploding_gradient"]

    # without a score it is not known whether it does harm
    assert (finding.state, finding.severity) == ("active", "warning")
    assert finding.first_step == 200_000
    assert finding.evidence["grad_norm_median"] == 1e9


def test_memory_does_not_grow_with_the_run(session: Session, workspace_id: UUID) -> None:
    run = long_run(session, workspace_id, lambda steps_n: {"loss": np.exp(-steps_n / 1e5)})

    tracemalloc.start()
    diagnose(load_case(session, run, stop_reason=StopReason.COMPLETED))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # all readings of its eight columns as doubles would take 26 MB, and their medians 400 MB
    assert peak < 60e6


def test_of_many_probes_the_latest_and_spread_ones_are_read_with_their_checks(
    session: Session, workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judged_telemetry, "MAX_READINGS", 5)
    monkeypatch.setattr(judged_telemetry, "MAX_PROBES", 10)
    monkeypatch.setattr(judged_telemetry, "_MIN_PROBES", 10)
    run = claimed_run(session, workspace_id)
    readings: list[Reading] = []
    for step in range(100):
        checks = reading("checksum_error", "model", 1e-7, step=step)
        readings += [profile(step), checks, reading("spectral_radius", "layer:0", step, step=step)]
    batch = ReadingBatch(readings=tuple(readings), progress_step=100)
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=batch)

    found = read_judged_telemetry(session, run.id)

    probed = [one.step for one in found.profiles]
    assert (probed[0], probed[-5:], len(probed)) == (0, [95, 96, 97, 98, 99], 10)
    checked = {one.step for one in found.scalar_readings if one.quantity == "checksum_error"}
    assert set(probed) <= checked
    radii = [one.value for one in found.scalar_readings if one.quantity == "spectral_radius"]
    assert radii == [0, 1, 2, 3, 4, 95, 96, 97, 98, 99]
