"""The rules of other tools fire on what they are made for, and are quiet on a calm run."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.specs.job import JobSpec
from app.domain.telemetry import ScalarReading, Telemetry
from bench.diagnosis.comparators import COMPARATORS
from bench.diagnosis.comparators.series import num_entries, weight_names
from tests.domain.builders import case, job, reading, scores, task
from worker.models.network import build_model

STEPS = 400
NAMES = (
    "rnn.weight_ih_l0",
    "rnn.weight_hh_l0",
    "rnn.bias_hh_l0",
    "readout.weight",
    "readout.bias",
)
CALM: Mapping[str, float] = {
    "grad_norm": 0.3,
    "update_ratio": 1e-3,
    "weight_norm": 10.0,
    "zero_fraction": 0.0,
}
FALLING = 0.99 ** np.arange(STEPS)
IMPROVING = {20 + 40 * number: 1.0 - 0.11 * number for number in range(10)}
#: No two steps have the same norm.
JITTER = 1 + 1e-3 * np.arange(STEPS) / STEPS


def _case(
    *,
    loss: np.ndarray | Sequence[float] = FALLING,
    tensors: Mapping[str, Mapping[str, float]] | None = None,
    validation: Mapping[int, float] | None = None,
    readings: Sequence[ScalarReading] = (),
    grad_norm: float = 0.3,
    spec: JobSpec | None = None,
) -> Case:
    """A calm run of which some parts are replaced: quantity -> tensor -> value."""
    columns = {
        quantity: np.array(
            [[(tensors or {}).get(quantity, {}).get(name, calm) for name in NAMES]] * STEPS,
            dtype=np.float32,
        )
        * JITTER[:, None].astype(np.float32)
        for quantity, calm in CALM.items()
    }
    evaluated = IMPROVING if validation is None else validation
    return case(
        spec=spec or job(training={"num_steps": STEPS}),
        num_steps=STEPS,
        seen=Telemetry(
            steps_n=np.arange(STEPS, dtype=np.int32),
            scalars={
                "loss": np.asarray(loss, dtype=np.float32),
                "grad_norm": np.full(STEPS, grad_norm, dtype=np.float32),
                "update_ratio": np.full(STEPS, 1e-3, dtype=np.float32),
                "learning_rate": np.full(STEPS, 1e-2, dtype=np.float32),
            },
            tensor_names=NAMES,
            tensors=columns,
            scalar_readings=(
                *scores(IMPROVING, split="train"),
                *scores(evaluated),
                *readings,
            ),
        ),
    )


@pytest.mark.parametrize("tool", COMPARATORS, ids=lambda tool: tool.name)
def test_a_calm_run_that_learns_alarms_no_tool(tool) -> None:
    assert tool.judge(_case()) is None


@pytest.mark.parametrize(
    ("tool", "changed", "rule", "leaf"),
    [
        (
            "SageMaker Debugger",
            {"tensors": {"grad_norm": {"rnn.weight_hh_l0": 1e-9}}},
            "VanishingGradient",
            "contractive_recurrence",
        ),
        (
            "SageMaker Debugger",
            {"tensors": {"update_ratio": {"readout.weight": 11.0}}},
            "WeightUpdateRatio",
            "learning_rate_too_high",
        ),
        (
            "SageMaker Debugger",
            {"validation": dict.fromkeys(IMPROVING, 0.2)},
            "Overfit",
            "overfitting",
        ),
        (
            "AutoTrainer",
            {
                "tensors": {"grad_norm": {"rnn.weight_ih_l0": 1e-6}},
                "validation": dict.fromkeys(IMPROVING, 0.2),
                "loss": np.full(STEPS, 0.2),
            },
            None,
            None,
        ),
        ("DeepLocalize", {"loss": np.full(STEPS, 0.5)}, "loss does not change", None),
        (
            "DeepDiagnosis",
            {"readings": [reading("dead_fraction", "layer:0", 0.9)]},
            "dead node",
            None,
        ),
        (
            "UMLAUT",
            {"spec": job(training={"num_steps": STEPS}, optimizer={"learning_rate": 0.1})},
            "learning rate is high",
            "learning_rate_too_high",
        ),
        (
            "TheDeepChecker",
            {"tensors": {"update_ratio": {"rnn.weight_hh_l0": 0.5}}},
            "fast updates",
            "learning_rate_too_high",
        ),
        (
            "BTTackler",
            {"loss": FALLING[::-1]},
            "heavy oscillation",
            "learning_rate_too_high",
        ),
        ("norm rule of thumb", {"grad_norm": 11.0}, "exploding gradient", "expansive_recurrence"),
        (
            "norm rule of thumb",
            {"grad_norm": 0.009},
            "vanishing gradient",
            "contractive_recurrence",
        ),
    ],
)
def test_a_tool_says_what_its_rules_say(tool: str, changed, rule: str | None, leaf) -> None:
    (chosen,) = (one for one in COMPARATORS if one.name == tool)

    alarm = chosen.judge(_case(**changed))

    if rule is None:
        assert alarm is None
    else:
        assert alarm is not None
        assert (alarm.rule, alarm.leaf) == (rule, leaf)


def test_autotrainer_looks_at_gradients_only_where_the_score_is_poor() -> None:
    (tool,) = (one for one in COMPARATORS if one.name == "AutoTrainer")
    vanished = {"grad_norm": {"rnn.weight_ih_l0": 1e-6, "readout.weight": 1.0}}
    stuck = _case(tensors=vanished)
    readings = tuple(
        reading("mse", str(one.scope), 0.1667, step=one.step)
        for one in stuck.telemetry.scalar_readings
    )

    assert tool.judge(stuck) is None
    flat = case(
        spec=stuck.spec,
        num_steps=STEPS,
        seen=Telemetry(
            steps_n=stuck.telemetry.steps_n,
            scalars=stuck.telemetry.scalars,
            tensor_names=NAMES,
            tensors=stuck.telemetry.tensors,
            scalar_readings=readings,
        ),
    )
    alarm = tool.judge(flat)
    assert alarm is not None
    assert (alarm.rule, alarm.leaf) == ("vanish", "contractive_recurrence")


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_entries_of_tensors_are_those_of_the_network(kind: str) -> None:
    spec = job(model={"kind": kind, "hidden_size": 5, "num_layers": 2, "bidirectional": True})
    facts = task()
    network = build_model(spec.model, facts)
    sizes = {name: tensor.numel() for name, tensor in network.named_tensors()}
    judged = case(spec=spec, facts=facts)

    assert {name: num_entries(judged, name) for name in sizes} == sizes
    assert weight_names(judged) == ("all",)
