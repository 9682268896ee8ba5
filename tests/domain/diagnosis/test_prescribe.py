"""Every remedy is a job spec that can be posted as it is."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue

from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import Ailment
from app.domain.specs.init import RecurrentInit
from app.domain.specs.init.normal import Normal
from app.domain.specs.init.uniform import Uniform
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document, merge_patch
from tests.domain.builders import job
from tests.domain.diagnosis.remedies.drawn import FORECAST, SEQUENCES, TEXT, forecast, sequences

Number = TypeVar("Number")

#: Every cause that a remedy acts on, and one that none acts on.
CAUSES = (*sorted({cause for card in REMEDIES for cause in card.causes}), "no_signal")
_positive = st.floats(min_value=1e-300, max_value=1e30)


def _kind_of(part: type[BaseModel]) -> str:
    return str(get_args(part.model_fields["kind"].annotation)[0])


RECURRENT = [_kind_of(part) for part in get_args(get_args(RecurrentInit)[0])]
NO_GAIN = {_kind_of(part) for part in (Normal, Uniform)} | {
    "zeros",
    "torch_default",
    "spectral_radius",
    "critical",
}


@st.composite
def recurrent_inits(draw: st.DrawFn, cell: str) -> dict[str, JsonValue]:
    kinds = [kind for kind in RECURRENT if cell == "elman" or kind != "critical"]
    kind = draw(st.sampled_from(kinds))
    size = draw(_positive)
    if kind == "spectral_radius":
        return {"kind": kind, "radius": size}
    return {"kind": kind} if kind in NO_GAIN else {"kind": kind, "gain": size}


@st.composite
def clippings(draw: st.DrawFn) -> dict[str, JsonValue]:
    kind = draw(st.sampled_from(["none", "norm", "value"]))
    bound = draw(_positive)
    if kind == "norm":
        floor = draw(st.none() | st.floats(min_value=1e-300, max_value=bound))
        return {"kind": kind, "max_norm": bound, "min_norm": floor}
    return {"kind": kind, "max_value": bound} if kind == "value" else {"kind": kind}


@st.composite
def models(draw: st.DrawFn, cell: str) -> dict[str, JsonValue]:
    model: dict[str, JsonValue] = {
        "kind": cell,
        "hidden_size": draw(st.integers(1, 8192)),
        "num_layers": draw(st.integers(1, 64)),
        "bidirectional": draw(st.booleans()),
        "dropout": draw(st.floats(0, 0.99)),
    }
    if cell == "elman":
        model["activation"] = draw(st.sampled_from(["tanh", "relu", "linear"]))
    return model


@st.composite
def datasets(draw: st.DrawFn, length: int) -> dict[str, JsonValue]:
    kind = draw(st.sampled_from(["adding", "text", "forecast", "sequences"]))
    if kind == "forecast":
        options: dict[str, JsonValue] = {
            "window": length,
            "horizon": draw(st.integers(1, 3)),
            "season": draw(st.none() | st.integers(2, 100)),
            "loss": draw(st.sampled_from(["mse", "mae", "huber", "quantile", "poisson"])),
        }
        return {**FORECAST, **options}
    if kind == "sequences":
        tasks: list[dict[str, JsonValue]] = [
            {},
            {"class_weights": "balanced"},
            {"task": "regression"},
            {"target": "per_step"},
        ]
        task = draw(st.sampled_from(tasks))
        return {**SEQUENCES, "max_length": draw(st.none() | st.just(length)), **task}
    return {**(TEXT if kind == "text" else {"kind": kind}), "length": length}


@st.composite
def specs(draw: st.DrawFn) -> JobSpec:
    cell = draw(st.sampled_from(["elman", "gru", "lstm"]))
    init: dict[str, JsonValue] = {"recurrent": draw(recurrent_inits(cell))}
    if cell == "lstm":
        init["forget_bias"] = draw(st.none() | st.floats(-100, 100))
    if cell != "elman":
        init["bias"] = {"kind": draw(st.sampled_from(["zeros", "chrono"]))}
    length = draw(st.integers(4, 20_000))
    optimizer: dict[str, JsonValue] = {
        "kind": draw(st.sampled_from(["sgd", "adam", "adamw", "rmsprop"])),
        "learning_rate": draw(_positive),
        "weight_decay": draw(st.sampled_from([0.0, 1e-9, 60.0])),
        "schedule": {"kind": draw(st.sampled_from(["constant", "step", "warmup"]))},
    }
    return JobSpec.model_validate(
        {
            "model": draw(models(cell)),
            "init": init,
            "clipping": draw(clippings()),
            "optimizer": optimizer,
            "regularization": {"l2": draw(st.sampled_from([0.0, 1e-9, 0.5]))},
            "dataset": draw(datasets(length)),
            "training": {
                "num_steps": draw(st.integers(1, 100_000_000)),
                "batch_size": draw(st.integers(1, 100)),
                "bptt_length": draw(st.none() | st.integers(1, length)),
            },
        }
    )


def maybe(numbers: st.SearchStrategy[Number]) -> st.SearchStrategy[Number | None]:
    return st.none() | numbers


_finite = st.floats(min_value=0, allow_infinity=False)


@st.composite
def ailments(draw: st.DrawFn) -> Ailment:
    causes = draw(st.lists(st.sampled_from(CAUSES), min_size=1, max_size=3, unique=True))
    return Ailment(
        cause=causes[0],
        probabilities={cause: 1 / len(causes) for cause in causes},
        required_lag=draw(maybe(st.integers(0, 20_000))),
        length=draw(maybe(st.integers(1, 20_000))),
        grad_norm=draw(maybe(_finite)),
        is_gradient_finite=draw(st.booleans()),
        starts_finite=draw(st.booleans()),
        early_step_factor=draw(maybe(st.floats(0.03, 30))),
        step_factor=draw(maybe(st.floats(0.03, 30))),
        second_moment_over_eps=draw(maybe(_finite)),
        penalty_share=draw(maybe(_finite)),
        needed_steps=draw(maybe(st.integers(1, 10**9))),
        best_step=draw(maybe(st.integers(0, 10**8))),
        useful_context=draw(maybe(st.integers(1, 20_000))),
    )


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_body_is_a_valid_spec_that_differs(data: st.DataObject) -> None:
    spec, ailment = data.draw(specs()), data.draw(ailments())

    for remedy in prescribe(ailment, spec):
        treated = JobSpec.model_validate(dict(remedy.body))
        assert treated != spec
        assert as_document(treated) == remedy.body
        assert JobSpec.model_validate(merge_patch(as_document(spec), remedy.patch)) == treated
        assert remedy.reason
        assert remedy.source
        assert all(_may_change(ailment, path) for path in _leaves(remedy.patch))


def _leaves(patch: Mapping[str, JsonValue], above: str = "") -> Iterator[str]:
    """Paths of the values of a patch."""
    for key, value in patch.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def _may_change(ailment: Ailment, path: str) -> bool:
    cards = [card for card in REMEDIES if not card.causes.isdisjoint(ailment.likely)]
    changes = {changed for card in cards for changed in card.changes}
    return any(f"{path}.".startswith(f"{changed}.") for changed in changes)


def _kinds_for(ailment: Ailment, spec: JobSpec) -> list[str]:
    return [remedy.kind for remedy in prescribe(ailment, spec)]


@pytest.mark.parametrize("cause", sorted(set(CAUSES) - {"no_signal"}))
def test_every_cause_has_a_remedy_for_some_spec(cause: str) -> None:
    faulty = [
        job(
            model={"activation": "relu", "num_layers": 2, "dropout": 0.9},
            init={"recurrent": {"kind": "spectral_radius", "radius": 4}},
            clipping={"max_norm": 1e-4},
            optimizer={"weight_decay": 10.0, "schedule": {"warmup_steps": 10_000}},
            training={"bptt_length": 3},
        ),
        job(model={"kind": "lstm"}, init={"forget_bias": -10}),
        forecast(),
        sequences(max_length=4),
    ]

    assert any(prescribe(Ailment(cause=cause, best_step=5), spec) for spec in faulty)


def test_nothing_is_advised_where_there_is_nothing_to_learn_or_no_cause_is_likely() -> None:
    no_signal = Ailment(
        cause="no_signal", probabilities={"no_signal": 0.5, "learning_rate_too_low": 0.4}
    )
    undetermined = Ailment(probabilities=dict.fromkeys(CAUSES, 0.05))

    assert prescribe(no_signal, job()) == ()
    assert prescribe(undetermined, job()) == ()
    assert prescribe(Ailment(), job()) == ()


def test_after_a_first_forward_pass_that_failed_no_update_is_blamed() -> None:
    spec = job(
        model={"activation": "relu"},
        init={"recurrent": {"kind": "xavier_normal", "gain": 1.8}},
        training={"bptt_length": 10},
    )
    ailment = Ailment(
        cause="expansive_recurrence",
        probabilities={"expansive_recurrence": 0.6, "learning_rate_too_high": 0.3},
        required_lag=5,
        starts_finite=False,
    )

    remedies = prescribe(ailment, spec)

    assert remedies[0].kind in {"orthogonal_recurrent_init", "usual_start", "use_gated_cell"}
    for remedy in remedies:
        treated = JobSpec.model_validate(dict(remedy.body))
        assert treated.optimizer == spec.optimizer
        assert treated.training == spec.training
        assert treated.clipping == spec.clipping


def test_a_remedy_leaves_no_other_likely_cause_in_place() -> None:
    spec = job(
        init={"recurrent": {"kind": "spectral_radius", "radius": 4}},
        optimizer={"learning_rate": 0.18},
        regularization={"l2": 0.5},
    )
    ailment = Ailment(
        cause="learning_rate_too_high",
        probabilities={
            "learning_rate_too_high": 0.4,
            "expansive_recurrence": 0.35,
            "penalty_dominates": 0.25,
        },
        early_step_factor=0.05,
    )

    first = prescribe(ailment, spec)[0]

    treated = JobSpec.model_validate(dict(first.body))
    assert treated.optimizer.learning_rate < 0.02
    assert treated.init.recurrent.nominal_radius == 1.0
    assert treated.regularization == spec.regularization


def test_two_changes_of_one_field_are_not_joined() -> None:
    spec = job(optimizer={"kind": "sgd", "learning_rate": 0.18}, clipping={"max_norm": 1e-4})
    ailment = Ailment(
        cause="learning_rate_too_high",
        probabilities={"learning_rate_too_high": 0.5, "learning_rate_too_low": 0.5},
    )

    for remedy in prescribe(ailment, spec):
        assert set(remedy.patch) <= {"optimizer", "training", "clipping"}


def test_two_changes_of_one_part_of_the_spec_are_joined() -> None:
    ailment = Ailment(probabilities={"contractive_recurrence": 0.5, "capacity_too_small": 0.45})

    remedies = {one.kind: one for one in prescribe(ailment, job(model={"hidden_size": 8}))}

    treated = JobSpec.model_validate(dict(remedies["use_identity_relu"].body)).model
    assert treated.nonlinearity == "relu"
    assert treated.hidden_size > 8


def test_a_likely_cause_that_no_change_acts_on_joins_nothing() -> None:
    spec = job(optimizer={"learning_rate": 1.0})
    both = {"learning_rate_too_high": 0.6, "penalty_dominates": 0.4}
    alone = Ailment(cause="learning_rate_too_high")

    with_other = prescribe(replace(alone, probabilities=both), spec)

    assert [one.patch for one in with_other] == [one.patch for one in prescribe(alone, spec)]


@pytest.mark.parametrize("cause", ["expansive_recurrence", "learning_rate_too_high"])
def test_a_run_that_one_large_update_broke_is_told_to_clip(cause: str) -> None:
    ailment = Ailment(cause=cause, grad_norm=0.3)

    assert "clip_norm" in _kinds_for(ailment, job(clipping={"kind": "none"}))


@pytest.mark.parametrize("cause", ["contractive_recurrence", "closed_gates"])
def test_a_gradient_that_vanishes_is_not_clipped_further(cause: str) -> None:
    ailment = Ailment(cause=cause, grad_norm=0.3)

    assert "clip_norm" not in _kinds_for(ailment, job(clipping={"kind": "none"}))


def test_bad_data_are_no_fault_of_the_network() -> None:
    assert prescribe(Ailment(cause="non_finite_input"), job()) == ()


@pytest.mark.parametrize(
    ("cause", "spec", "kind"),
    [
        ("learning_rate_too_high", job(optimizer={"learning_rate": 1.0}), "lower_learning_rate"),
        ("learning_rate_too_low", job(optimizer={"learning_rate": 1e-6}), "raise_learning_rate"),
        ("too_few_steps", job(optimizer={"learning_rate": 0.02}), "train_longer"),
        ("clip_threshold_too_low", job(clipping={"max_norm": 1e-4}), "loosen_clip"),
        ("truncated_backpropagation", job(training={"bptt_length": 3}), "lengthen_bptt"),
        ("contractive_recurrence", job(), "use_identity_relu"),
        ("distribution_shift", forecast(), "difference_target"),
        ("penalty_dominates", job(regularization={"l2": 0.5}), "weaken_penalty"),
        ("window_too_short", forecast(), "lengthen_window"),
        ("overfitting", job(), "stop_early"),
        ("capacity_too_small", job(model={"hidden_size": 1}), "larger_network"),
    ],
)
def test_the_first_remedy_is_the_one_that_undoes_the_cause(
    cause: str, spec: JobSpec, kind: str
) -> None:
    assert _kinds_for(Ailment(cause=cause, best_step=5), spec)[0] == kind


def test_a_run_whose_rate_is_lowered_does_not_stop_at_the_best_step_of_the_higher_one() -> None:
    ailment = Ailment(
        probabilities={"learning_rate_too_high": 0.5, "too_few_data": 0.4}, best_step=10
    )

    first = prescribe(ailment, job(optimizer={"learning_rate": 0.3}))[0]

    assert first.kind == "lower_learning_rate"
    assert "training" not in first.patch
    assert JobSpec.model_validate(dict(first.body)).model.hidden_size < 64


@pytest.mark.parametrize("best_step", [None, 40, 5000])
def test_a_remedy_forks_from_the_best_step_where_its_change_and_its_steps_allow_it(
    best_step: int | None,
) -> None:
    ailment = Ailment(
        probabilities={"learning_rate_too_high": 0.6, "unreliable_start": 0.2},
        fork_step=best_step,
    )

    remedies = {one.kind: one for one in prescribe(ailment, job())}

    forks = {kind: one.fork_step for kind, one in remedies.items()}
    assert forks["lower_learning_rate"] == (40 if best_step == 40 else None)
    assert forks["another_seed"] is None
