"""What an ended run may go on with, and what a fork may change."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import JsonValue

from app.domain.errors import IllegalTransition, InvalidInput, InvalidSpec
from app.domain.lineage import forked_spec, resumed_spec
from app.domain.runs import STATUS_OF, Run, RunStatus, StopReason
from app.domain.specs.job import JobSpec
from tests.domain.builders import job, run


def spec_of(**training: Any) -> JobSpec:
    return job(model={"kind": "gru"}, training=training)


def ended(reason: StopReason, *, step: int = 10, **training: Any) -> Run:
    return run(
        spec=spec_of(num_steps=10, **training),
        status=STATUS_OF[reason],
        stop_reason=reason,
        progress_step=step,
    )


def test_a_finished_run_goes_on_with_more_steps() -> None:
    spec = resumed_spec(ended(StopReason.COMPLETED), num_steps=20, time_limit_s=None)

    assert spec.training.num_steps == 20


def test_a_cancelled_run_goes_on_with_what_is_left() -> None:
    run = ended(StopReason.CANCELLED, step=4)

    assert resumed_spec(run, num_steps=None, time_limit_s=None) == run.spec


def test_a_run_whose_time_was_up_needs_more_of_it() -> None:
    run = ended(StopReason.TIMED_OUT, step=4, time_limit_s=60)

    spec = resumed_spec(run, num_steps=None, time_limit_s=90)

    assert spec.training.time_limit_s == 90
    with pytest.raises(InvalidInput) as told:
        resumed_spec(run, num_steps=None, time_limit_s=None)
    assert told.value.problems[0].pointer == "/time_limit_s"


@pytest.mark.parametrize("num_steps", [None, 3, 10])
def test_with_nothing_left_to_do_a_run_does_not_go_on(num_steps: int | None) -> None:
    with pytest.raises(InvalidInput) as told:
        resumed_spec(ended(StopReason.COMPLETED), num_steps=num_steps, time_limit_s=None)

    assert told.value.problems[0].code == "no_steps_left"


@pytest.mark.parametrize(
    "run",
    [
        run(status=RunStatus.RUNNING),
        ended(StopReason.DIVERGED),
        ended(StopReason.CRITICAL_FINDING),
    ],
    ids=["running", "diverged", "stopped"],
)
def test_a_run_that_runs_or_would_end_the_same_way_is_not_resumed(run: Run) -> None:
    with pytest.raises(IllegalTransition):
        resumed_spec(run, num_steps=100, time_limit_s=None)


def test_a_fork_changes_how_training_goes_on() -> None:
    patch: dict[str, Any] = {"optimizer": {"kind": "sgd"}, "training": {"num_steps": 50}}

    spec = forked_spec(spec_of(seed=3), patch, from_step=20)

    assert (spec.optimizer.kind, spec.training.num_steps, spec.training.seed) == ("sgd", 50, 3)


def test_a_fork_does_not_take_over_what_its_parent_was_made_for() -> None:
    descent: dict[str, JsonValue] = {"parent": str(UUID(int=7)), "purpose": "experiment"}

    spec = forked_spec(job(lineage=descent), {}, from_step=20)

    assert spec.lineage is None


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"dataset": {"length": 4}}, "/patch/dataset"),
        ({"training": None}, "/patch/training/seed"),
        ({"training": {"num_steps": 20}}, "/patch/training/num_steps"),
        ({"clipping": {"kind": "norm", "max_norm": 0}}, "/patch/clipping/max_norm"),
        ({"optimizer": {"speed": 1}}, "/patch/optimizer/speed"),
        ({"probes": 7}, "/patch/probes"),
    ],
)
def test_a_fork_says_where_its_patch_is_wrong(patch: dict[str, Any], pointer: str) -> None:
    with pytest.raises((InvalidSpec, InvalidInput)) as told:
        forked_spec(spec_of(seed=3), patch, from_step=20)

    assert told.value.problems[0].pointer == pointer
