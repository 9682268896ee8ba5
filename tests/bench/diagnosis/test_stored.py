from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.diagnosis.engine import diagnose
from app.domain.runs import StopReason
from app.domain.specs.patch import merge_patch
from bench.diagnosis.pack import pack
from bench.diagnosis.plan import make_plan
from bench.diagnosis.planned import BASE, PlannedRun
from bench.diagnosis.stored import StoredRun, read_file, read_runs, write_runs
from bench.diagnosis.stored_telemetry import SCALARS, TENSORS, rounded
from bench.diagnosis.tasks import Document
from bench.diagnosis.train import train_all
from bench.diagnosis.training import train_run


def short(task: str, *, num_steps: int = 40) -> PlannedRun:
    run = next(one for one in make_plan() if one.task == task and one.kind == BASE)
    patch: Document = {"training": {"num_steps": num_steps}}
    return replace(run, order=replace(run.order, spec=merge_patch(run.order.spec, patch)))


@pytest.fixture(scope="module")
def trained() -> StoredRun:
    return train_run(short("first_lstm"), plan="test")


@pytest.fixture(scope="module")
def stored(trained: StoredRun, tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    path = tmp_path_factory.mktemp("runs") / "one.parquet"
    write_runs(path, [trained])
    return next(read_file(path))


def test_what_was_stored_is_read_back(trained: StoredRun, stored: StoredRun):
    assert (stored.key, stored.label, stored.seed) == (trained.key, trained.label, trained.seed)
    assert (stored.spec, stored.facts) == (trained.spec, trained.facts)
    assert stored.outcome == trained.outcome


def test_numbers_of_every_step_are_exact_and_those_of_tensors_rounded(
    trained: StoredRun, stored: StoredRun
):
    before, after = trained.telemetry, stored.telemetry

    np.testing.assert_array_equal(after.steps_n, before.steps_n)
    for name in SCALARS:
        np.testing.assert_array_equal(after.scalars[name], before.scalars[name])
    assert after.tensor_names == before.tensor_names
    for name in TENSORS:
        np.testing.assert_allclose(after.tensors[name], before.tensors[name], rtol=1e-3)


def test_readings_and_profiles_are_kept_to_float32(trained: StoredRun, stored: StoredRun):
    kept = [one for one in trained.telemetry.scalar_readings if "probe_s" not in one.quantity]

    assert [(r.step, r.quantity, r.scope) for r in stored.telemetry.scalar_readings] == [
        (r.step, r.quantity, r.scope) for r in kept
    ]
    np.testing.assert_allclose(
        [r.value for r in stored.telemetry.scalar_readings], [r.value for r in kept], rtol=1e-6
    )
    whole = trained.case_at(1).profiles
    for ours, theirs in zip(stored.case_at(1).profiles, whole, strict=True):
        assert (ours.step, ours.horizon.value, ours.shape) == (
            theirs.step,
            theirs.horizon.value,
            theirs.shape,
        )
        np.testing.assert_allclose(ours.log_norm_T, theirs.log_norm_T, rtol=1e-6)


def test_a_case_at_a_share_has_nothing_later_and_no_end(stored: StoredRun):
    case = stored.case_at(0.25)

    assert case.telemetry.steps_n.tolist() == list(range(10))
    assert max(r.step for r in case.telemetry.scalar_readings) <= 9
    assert max(p.step for p in case.profiles) <= 9
    assert not any(str(r.scope) == "test" for r in case.telemetry.scalar_readings)
    assert not case.has_ended


def test_a_case_at_the_end_has_the_last_scores(stored: StoredRun):
    case = stored.case_at(1)

    assert case.stop_reason is StopReason.COMPLETED
    assert any(str(r.scope) == "test" for r in case.telemetry.scalar_readings)


def test_a_run_that_ended_early_is_judged_as_ended_from_then_on(stored: StoredRun):
    diverged = replace(
        stored, outcome=replace(stored.outcome, steps_done=8, stop_reason=StopReason.DIVERGED)
    )

    assert not diverged.case_at(0.1).has_ended
    assert diverged.case_at(0.25).stop_reason is StopReason.DIVERGED


def test_training_goes_on_where_it_was_stopped(tmp_path: Path):
    plan = [short("season_elman", num_steps=4), short("panel_elman", num_steps=4)]

    first = list(train_all(plan[:1], tmp_path, name="test", until_s=float("inf")))
    rest = list(train_all(plan, tmp_path, name="test", until_s=float("inf")))

    assert (len(first), len(rest)) == (1, 1)
    assert {run.key for run in read_runs(tmp_path)} == {run.key for run in plan}


def test_packing_keeps_every_run_in_one_file_a_task(tmp_path: Path, trained: StoredRun):
    source = tmp_path / "source"
    source.mkdir()
    write_runs(source / "one.parquet", [trained])

    assert pack(source, tmp_path / "target") == 1
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["test-first_lstm.parquet"]


def test_rounding_keeps_what_is_not_finite_and_what_is_largest():
    values = np.array([np.nan, np.inf, -np.inf, 0, np.finfo(np.float32).max, 1.001], np.float32)

    kept = rounded(values, 10)

    np.testing.assert_array_equal(kept[:5], values[:5])
    assert abs(kept[5] - 1.001) <= 1.001 / 2**10


def test_the_examples_can_be_judged():
    """A few runs of the benchmark, for whoever writes a judge."""
    examples = list(read_file(Path(__file__).parent / "examples.parquet"))

    assert {run.spec.model.kind for run in examples} == {"elman", "gru", "lstm"}
    assert {bool(run.label.injected) for run in examples} == {True, False}
    assert all(diagnose(run.case_at(0.5)).verdict for run in examples)
