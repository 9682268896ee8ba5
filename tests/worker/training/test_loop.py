import itertools

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.runs import StopReason
from app.domain.telemetry import PLACES, LagProfile, PositionProfile, ProbeGap, ReadingBatch
from tests.worker.builders import Trained, make_spec, train_spec
from worker.datasets.build import build_task
from worker.models.network import build_model
from worker.training.learner import Learner
from worker.training.preparation import prepared_model

CELLS = [
    {"kind": "elman"},
    {"kind": "elman", "activation": "relu"},
    {"kind": "elman", "activation": "linear"},
    {"kind": "gru"},
    {"kind": "lstm"},
]
EXPLODING: dict[str, JsonValue] = {
    "dataset": {"length": 200},
    "model": {"hidden_size": 64},
    "clipping": {"kind": "none"},
    "training": {"num_steps": 30, "batch_size": 32},
}


def exploding(radius: float, **training: JsonValue) -> Trained:
    init: dict[str, JsonValue] = {"recurrent": {"kind": "spectral_radius", "radius": radius}}
    spec = make_spec({**EXPLODING, "init": init})
    patched = {**spec.training.model_dump(), **training}
    return train_spec(spec.model_copy(update={"training": spec.training.model_validate(patched)}))


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_trains_to_the_end_with_a_reading_a_step(cell: dict[str, JsonValue]) -> None:
    run = train_spec(make_spec({"model": cell}))

    assert run.outcome.stop_reason is StopReason.COMPLETED
    assert run.steps() == list(range(12))
    assert all(np.isfinite(run.series(quantity)).all() for quantity in ("loss", "update_ratio"))


def test_a_run_ends_at_the_first_evaluation_that_is_good_enough() -> None:
    whole = train_spec(make_spec()).readings("mse")
    target = whole[6, "validation"]

    run = train_spec(make_spec({"training": {"stop_at_score": target}}))

    assert (run.outcome.stop_reason, run.outcome.steps_done) == (StopReason.CONVERGED, 6)
    assert run.steps() == list(range(6))
    found = run.readings("mse")
    assert found[6, "validation"] == target
    assert (6, "test") in found


def test_initial_weights_end_no_run() -> None:
    run = train_spec(make_spec({"training": {"stop_at_score": 1e9, "evaluate_every": 12}}))

    assert run.outcome.stop_reason is StopReason.COMPLETED


def test_the_first_step_is_sent_at_once() -> None:
    run = train_spec(make_spec())

    chunk = run.batches[0].chunk
    assert chunk is not None
    assert chunk.steps_n.tolist() == [0]


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    patch: dict[str, JsonValue] = {"model": {"kind": "gru", "num_layers": 2, "dropout": 0.3}}
    other: dict[str, JsonValue] = {**patch, "training": {"seed": 1}}

    first, again, third = (train_spec(make_spec(p)) for p in (patch, patch, other))

    pairs = zip(first.weights(), again.weights(), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)
    assert not torch.equal(first.weights()[0], third.weights()[0])


@pytest.mark.parametrize("tier", ["economy", "standard", "full"])
@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_probes_leave_the_weights_alone_bit_for_bit(kind: str, tier: str) -> None:
    patch: dict[str, JsonValue] = {"model": {"kind": kind, "num_layers": 2, "dropout": 0.2}}
    probes: dict[str, JsonValue] = {"probes": {"tier": tier, "every": 3}}

    without = train_spec(make_spec(patch))
    probed = train_spec(make_spec({**patch, **probes}))

    pairs = zip(without.weights(), probed.weights(), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)
    assert {profile.step for profile in probed.of_kind(LagProfile)} == {0, 3, 6, 9, 12}
    positions = {profile.step for profile in probed.of_kind(PositionProfile)}
    assert positions == ({0, 3, 6, 9, 12} if tier == "full" else set())


def test_what_is_asked_for_by_name_is_read_or_its_absence_told_at_every_probe() -> None:
    asked: list[JsonValue] = ["lyapunov_spectrum", "gradient_agreement", "jacobian_condition"]
    model: dict[str, JsonValue] = {"kind": "gru", "hidden_size": 8, "bidirectional": True}
    probes: dict[str, JsonValue] = {"tier": "economy", "every": 6, "quantities": asked}

    run = train_spec(make_spec({"model": model, "probes": probes}))

    assert [(gap.step, gap.quantity, str(gap.scope)) for gap in run.of_kind(ProbeGap)] == [
        (0, "lyapunov_1", "layer:0"),
        (0, "lyapunov_1", "layer:0/reverse"),
        (0, "gradient_agreement", "model"),
        (6, "lyapunov_1", "layer:0"),
        (6, "lyapunov_1", "layer:0/reverse"),
        (12, "lyapunov_1", "layer:0"),
        (12, "lyapunov_1", "layer:0/reverse"),
    ]
    assert set(run.readings("gradient_agreement")) == {(6, "model"), (12, "model")}
    conditions = run.readings("jacobian_condition")
    assert len(conditions) == 6
    assert min(conditions.values()) >= 1
    assert run.readings("gate_mean") == {}


def test_a_quantity_with_a_cadence_is_read_where_it_is_due_and_at_the_end() -> None:
    paced: list[JsonValue] = [
        {"name": "sigma_max", "every": 7},
        {"name": "gradient_agreement", "every": 6},
        "spectral_radius",
    ]
    probes: dict[str, JsonValue] = {"tier": "economy", "every": 3, "quantities": paced}

    run = train_spec(make_spec({"probes": probes}))

    steps = {
        name: sorted(step for step, _ in run.readings(name))
        for name in ("sigma_max", "gradient_agreement", "spectral_radius")
    }
    assert steps["spectral_radius"] == [0, 3, 6, 9, 12]
    assert steps["sigma_max"] == [0, 9, 12]
    # the first has nothing before it to agree with
    assert steps["gradient_agreement"] == [6, 12]


def test_the_loop_does_what_a_plain_loop_does() -> None:
    spec = make_spec({"regularization": {"l1": 0.01, "l2": 0.02}, "clipping": {"max_norm": 0.3}})
    task = build_task(spec.dataset, upload=None)
    model = prepared_model(spec, task, device=torch.device("cpu"), dtype=torch.float32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    norms, losses = [], []
    for step in range(12):
        batch = task.training_batch(step, batch_size=8, seed=0)
        optimizer.zero_grad()
        loss = (model(batch.inputs_TBI) - batch.targets).square().mean()
        matrices = [weight for weight in model.parameters() if weight.dim() > 1]
        penalty = sum(0.01 * w.abs().sum() + 0.02 * w.square().sum() for w in matrices)
        (loss + penalty).backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.3).item())
        losses.append(loss.item())
        optimizer.step()

    run = train_spec(spec)

    np.testing.assert_allclose(run.series("loss"), losses, rtol=1e-4)
    np.testing.assert_allclose(run.series("grad_norm"), norms, rtol=1e-3)
    for ours, plain in zip(run.weights(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, plain.detach(), rtol=1e-3, atol=1e-5)


def test_per_tensor_readings_add_up_to_those_of_the_model() -> None:
    run = train_spec(make_spec())

    for batch in run.batches:
        if batch.chunk is None:
            continue
        squared_nP = np.square(batch.chunk.tensors["grad_norm"].astype(np.float64))
        norm_n = np.sqrt(squared_nP.sum(axis=1))
        np.testing.assert_allclose(batch.chunk.scalars["grad_norm"], norm_n, rtol=1e-5)
        assert batch.chunk.tensors["zero_fraction"].shape == (norm_n.size, len(run.tensor_names))


def test_metrics_come_at_evaluation_steps_and_at_the_end() -> None:
    run = train_spec(make_spec())

    found = run.readings("mse")
    assert set(found) == {
        *itertools.product((0, 6, 12), ("train", "validation")),
        (12, "test"),
    }


def test_a_radius_of_five_is_not_a_number_within_a_step_or_two() -> None:
    run = exploding(5.0)

    assert run.outcome.stop_reason is StopReason.DIVERGED
    assert run.steps() in ([0], [0, 1], [0, 1, 2])
    assert not np.isfinite(run.series("loss")[-1])
    assert np.isfinite(run.series("loss")[:-1]).all()
    (where,) = run.readings("non_finite.where").values()
    assert PLACES[int(where)] in ("backward", "optimizer")


def test_a_radius_of_three_explodes_and_stays_finite_under_adam() -> None:
    run = exploding(3.0)

    assert run.outcome.stop_reason is StopReason.COMPLETED
    assert run.series("grad_norm").max() > 1e6
    assert np.isfinite(run.series("grad_norm")).all()


def test_stop_ends_before_the_weights_are_touched() -> None:
    run = exploding(5.0, on_instability="stop")

    assert run.outcome.stop_reason is StopReason.DIVERGED
    assert not np.isfinite(run.series("grad_norm")[-1])
    assert all(torch.isfinite(weight).all() for weight in run.weights())


def test_skip_step_goes_on_with_the_weights_it_had() -> None:
    run = exploding(5.0, on_instability="skip_step", num_steps=5)

    assert run.outcome.stop_reason is StopReason.COMPLETED
    is_bad_n = ~np.isfinite(run.series("grad_norm"))
    assert is_bad_n.any()
    assert (run.series("update_ratio")[is_bad_n] == 0).all()
    assert all(torch.isfinite(weight).all() for weight in run.weights())


@pytest.mark.parametrize("policy", ["stop", "skip_step"])
def test_an_update_that_overflows_is_undone(policy: str) -> None:
    """The gradient is finite, about 1e30; times the learning rate of 1e10 it is not."""
    spec = make_spec(
        {
            **EXPLODING,
            "init": {"recurrent": {"kind": "spectral_radius", "radius": 4.0}},
            "optimizer": {"kind": "sgd", "learning_rate": 1e10},
            "training": {"num_steps": 5, "batch_size": 32, "on_instability": policy},
        }
    )

    run = train_spec(spec)

    ends = {"stop": StopReason.DIVERGED, "skip_step": StopReason.COMPLETED}
    assert run.outcome.stop_reason is ends[policy]
    assert np.isfinite(run.series("grad_norm")).all()
    assert (run.series("update_ratio") == 0).all()
    assert all(torch.isfinite(weight).all() for weight in run.weights())
    (where,) = run.readings("non_finite.where").values()
    assert PLACES[int(where)] == "optimizer"


def test_an_undone_update_leaves_weights_and_optimizer_as_they_were() -> None:
    spec = make_spec({"optimizer": {"kind": "adam", "learning_rate": 0.1}})
    undone, plain = (
        Learner(spec, build_task(spec.dataset, upload=None), device=torch.device("cpu"))
        for _ in range(2)
    )
    for learner in (undone, plain):
        for step in range(2):
            batch = learner.batch(step)
            learner.loss(batch, step).backward()
            learner.update(0.1, can_undo=True)
            if learner is undone:
                learner.undo_update()
                learner.update(0.1, can_undo=True)
            learner.drop_gradient()

    for one, other in zip(undone.weights, plain.weights, strict=True):
        assert torch.equal(one, other)


def test_rollback_returns_to_weights_of_before_at_half_the_rate() -> None:
    spec = make_spec(
        {
            "dataset": {"length": 100},
            "clipping": {"kind": "none"},
            "model": {"activation": "linear"},
            "optimizer": {"kind": "sgd", "learning_rate": 0.5},
            "training": {"num_steps": 200, "on_instability": "rollback"},
        }
    )

    run = train_spec(spec)

    assert not np.isfinite(run.series("grad_norm")).all()
    assert run.series("learning_rate").min() <= 0.25
    assert all(torch.isfinite(weight).all() for weight in run.weights())


def test_an_absurd_learning_rate_is_told_as_the_optimizers_doing() -> None:
    spec = make_spec(
        {
            "optimizer": {"kind": "sgd", "learning_rate": 1e30, "momentum": 0.9},
            "clipping": {"kind": "none"},
            "model": {"activation": "linear"},
        }
    )

    run = train_spec(spec)

    assert run.outcome.stop_reason is StopReason.DIVERGED
    assert len(run.readings("non_finite.where")) == 1


def test_a_cancelled_run_ends_between_two_steps() -> None:
    answers = iter([None, None, None, StopReason.CANCELLED])

    run = train_spec(make_spec(), stop_requested=lambda: next(answers))

    assert run.outcome.stop_reason is StopReason.CANCELLED
    assert run.outcome.steps_done == 3
    assert run.steps() == [0, 1, 2]


def test_a_run_out_of_time_is_evaluated_all_the_same() -> None:
    spec = make_spec({"training": {"num_steps": 100_000, "time_limit_s": 0.2}})

    run = train_spec(spec)

    assert run.outcome.stop_reason is StopReason.TIMED_OUT
    assert (run.outcome.steps_done, "test") in run.readings("mse")


def test_truncation_is_one_update_a_batch() -> None:
    run = train_spec(make_spec({"training": {"bptt_length": 5}}))

    assert run.outcome.stop_reason is StopReason.COMPLETED
    assert run.steps() == list(range(12))


def test_double_precision_is_double_throughout() -> None:
    run = train_spec(make_spec({"training": {"precision": "float64"}, "model": {"kind": "lstm"}}))

    assert all(weight.dtype == torch.float64 for weight in run.weights())


@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw", "rmsprop"])
def test_every_optimizer_lowers_the_loss(kind: str) -> None:
    spec = make_spec(
        {"optimizer": {"kind": kind, "learning_rate": 0.01}, "training": {"num_steps": 100}}
    )

    loss_n = train_spec(spec).series("loss")

    assert loss_n[-20:].mean() < loss_n[:5].mean()


def test_an_empty_batch_of_readings_is_never_sent() -> None:
    run = train_spec(make_spec())

    assert not any(batch.is_empty() for batch in run.batches)
    assert all(isinstance(batch, ReadingBatch) for batch in run.batches)


def test_building_a_model_twice_gives_independent_weights() -> None:
    spec = make_spec()
    task = build_task(spec.dataset, upload=None)

    first, second = (build_model(spec.model, task.facts) for _ in range(2))

    assert first.readout.weight is not second.readout.weight
