"""Every remedy is a job spec that can be posted as it is."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue

from app.domain.diagnosis.causes import CAUSES as ALL_CAUSES
from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import Ailment, Remedy
from app.domain.specs.init import RecurrentInit
from app.domain.specs.init.normal import Normal
from app.domain.specs.init.uniform import Uniform
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document, merge_patch
from tests.domain.builders import LENGTH, job

VANISHING = Ailment(
    code="vanishing_gradient",
    cause="contractive_recurrence",
    required_lag=199,
    length=LENGTH,
    grad_norm=0.3,
)
EXPLODING = Ailment(
    code="exploding_gradient",
    cause="expansive_recurrence",
    required_lag=50,
    length=LENGTH,
    grad_norm=1e20,
)

TRUNCATED = Ailment(code="vanishing_gradient", cause="truncated_backpropagation")
TOO_SLOW = Ailment(code="no_better_than_baseline", cause="learning_rate_too_low")
TOO_SHORT = Ailment(code="no_better_than_baseline", cause="too_few_steps")
FINDINGS = (
    "non_finite",
    "exploding_gradient",
    "clipping_masks_explosion",
    "vanishing_gradient",
    "no_better_than_baseline",
)
CAUSES = tuple(card.code for card in ALL_CAUSES)
RELU = job(model={"activation": "relu"}, init={"recurrent": {"kind": "identity"}})

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
def specs(draw: st.DrawFn) -> JobSpec:
    cell = draw(st.sampled_from(["elman", "gru", "lstm"]))
    model: dict[str, JsonValue] = {
        "kind": cell,
        "hidden_size": draw(st.integers(1, 8192)),
        "num_layers": draw(st.integers(1, 64)),
        "bidirectional": draw(st.booleans()),
        "dropout": draw(st.floats(0, 0.99)),
    }
    init: dict[str, JsonValue] = {"recurrent": draw(recurrent_inits(cell))}
    if cell == "elman":
        model["activation"] = draw(st.sampled_from(["tanh", "relu", "linear"]))
    if cell == "lstm":
        init["forget_bias"] = draw(st.none() | st.floats(-100, 100))
    if cell != "elman":
        init["bias"] = {"kind": draw(st.sampled_from(["zeros", "chrono"]))}
    length = draw(st.integers(4, 20_000))
    return JobSpec.model_validate(
        {
            "model": model,
            "init": init,
            "clipping": draw(clippings()),
            "optimizer": {
                "kind": draw(st.sampled_from(["sgd", "adam", "adamw", "rmsprop"])),
                "learning_rate": draw(_positive),
            },
            "dataset": {"kind": "adding", "length": length},
            "training": {
                "num_steps": draw(st.integers(1, 100_000_000)),
                "bptt_length": draw(st.none() | st.integers(1, length)),
            },
        }
    )


@st.composite
def ailments(draw: st.DrawFn, spec: JobSpec) -> Ailment:
    length: int = spec.dataset.length  # type: ignore[union-attr]  # the adding problem has one
    return Ailment(
        code=draw(st.sampled_from(FINDINGS)),
        cause=draw(st.none() | st.sampled_from(CAUSES)),
        required_lag=draw(st.none() | st.integers(0, length - 1)),
        length=draw(st.sampled_from([None, length])),
        grad_norm=draw(st.none() | st.floats(min_value=0, allow_infinity=False)),
        is_gradient_finite=draw(st.booleans()),
    )


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_body_is_a_valid_spec_that_differs(data: st.DataObject) -> None:
    spec = data.draw(specs())

    for remedy in prescribe(data.draw(ailments(spec)), spec):
        treated = JobSpec.model_validate(dict(remedy.body))
        assert treated != spec
        assert as_document(treated) == remedy.body
        assert JobSpec.model_validate(merge_patch(as_document(spec), remedy.patch)) == treated
        assert treated.model.hidden_size == spec.model.hidden_size
        assert treated.dataset == spec.dataset
        assert remedy.reason
        assert remedy.source
        assert all(_may_change(remedy.kind, path) for path in _leaves(remedy.patch))


def _leaves(patch: Mapping[str, JsonValue], above: str = "") -> Iterator[str]:
    """Paths of the values of a patch."""
    for key, value in patch.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def _may_change(kind: str, path: str) -> bool:
    (card,) = (card for card in REMEDIES if card.kind == kind)
    return any(f"{path}.".startswith(f"{changed}.") for changed in card.changes)


def test_a_start_that_only_simple_cells_have_does_not_go_along_to_gated_ones() -> None:
    critical = job(init={"recurrent": {"kind": "critical"}})

    for kind in ("use_gated_cell", "use_lstm_with_forget_bias"):
        treated = JobSpec.model_validate(dict(_remedy(kind, VANISHING, critical).body))
        assert treated.init.recurrent.kind == "orthogonal"


def test_the_largest_norm_there_is_can_be_clipped() -> None:
    huge = replace(EXPLODING, grad_norm=1.75e308)
    unclipped = job(clipping={"kind": "none"})

    (body,) = (remedy.body for remedy in prescribe(huge, unclipped) if remedy.kind == "clip_norm")

    assert body["clipping"] == {"kind": "norm", "max_norm": 1.0, "min_norm": None}


def _kinds_for(ailment: Ailment, spec: JobSpec) -> list[str]:
    return [remedy.kind for remedy in prescribe(ailment, spec)]


def _remedy(kind: str, ailment: Ailment, spec: JobSpec) -> Remedy:
    return next(remedy for remedy in prescribe(ailment, spec) if remedy.kind == kind)


def test_a_vanishing_elman_network_is_told_to_use_gates_first() -> None:
    kinds = _kinds_for(VANISHING, job())

    assert kinds == [
        "use_gated_cell",
        "use_lstm_with_forget_bias",
        "use_identity_relu",
    ]


def test_a_vanishing_lstm_is_told_to_open_its_forget_gates_for_the_lag() -> None:
    remedy = _remedy("raise_forget_bias", VANISHING, job(model={"kind": "lstm"}))

    assert remedy.patch == {"init": {"forget_bias": 5.29}}
    assert "37%" in remedy.reason


def test_a_forget_bias_that_is_large_enough_stays() -> None:
    spec = job(model={"kind": "lstm"}, init={"forget_bias": 6})

    assert "raise_forget_bias" not in _kinds_for(VANISHING, spec)


def test_a_truncated_gradient_is_let_through_first() -> None:
    spec = job(training={"bptt_length": 20})

    assert prescribe(TRUNCATED, spec)[0].body["training"]["bptt_length"] is None  # type: ignore[call-overload,index]


def test_an_exploding_network_is_scaled_clipped_and_truncated_to_its_lag() -> None:
    spec = job(
        init={"recurrent": {"kind": "spectral_radius", "radius": 3}}, clipping={"kind": "none"}
    )

    assert _kinds_for(EXPLODING, spec) == [
        "scale_recurrent_init",
        "orthogonal_recurrent_init",
        "clip_norm",
        "lower_learning_rate",
        "shorten_bptt",
    ]
    assert _remedy("clip_norm", EXPLODING, spec).patch == {
        "clipping": {"kind": "norm", "max_norm": 1.0}
    }
    assert _remedy("shorten_bptt", EXPLODING, spec).patch == {"training": {"bptt_length": 51}}


@pytest.mark.parametrize(
    ("clipping", "patch"),
    [
        ({"kind": "norm", "max_norm": 5.0, "min_norm": 4.0}, {"max_norm": 0.31, "min_norm": None}),
        ({"kind": "value", "max_value": 1.0}, {"max_norm": 0.31}),
    ],
)
def test_a_norm_is_clipped_where_it_usually_is(
    clipping: dict[str, JsonValue], patch: dict[str, JsonValue]
) -> None:
    ailment = Ailment(code="exploding_gradient", grad_norm=0.312)

    remedy = _remedy("clip_norm", ailment, job(clipping=clipping))

    assert remedy.patch == {"clipping": {"kind": "norm", **patch}}


def test_clipping_that_is_tighter_stays() -> None:
    ailment = Ailment(code="exploding_gradient", grad_norm=3.0)

    assert "clip_norm" not in _kinds_for(ailment, job(clipping={"kind": "norm", "max_norm": 0.1}))


@pytest.mark.parametrize(
    ("cause", "rate", "patch"),
    [
        ("learning_rate_too_low", 1e-4, {"optimizer": {"learning_rate": 1e-3}}),
        ("learning_rate_too_high", 1.0, {"optimizer": {"learning_rate": 0.1}}),
    ],
)
def test_the_learning_rate_moves_tenfold(
    cause: str, rate: float, patch: dict[str, JsonValue]
) -> None:
    ailment = Ailment(code="no_better_than_baseline", cause=cause)

    remedies = prescribe(ailment, job(optimizer={"learning_rate": rate}))

    assert remedies[0].patch == patch


def test_a_run_that_ends_too_early_gets_three_times_the_steps() -> None:
    remedies = prescribe(TOO_SHORT, job(training={"num_steps": 500}))

    assert [remedy.patch for remedy in remedies] == [{"training": {"num_steps": 1500}}]


def test_bad_data_are_no_fault_of_the_network() -> None:
    ailment = Ailment(code="non_finite", cause="non_finite_input")

    assert prescribe(ailment, job()) == ()


@pytest.mark.parametrize(
    ("kind", "ailment", "spec"),
    [
        ("use_identity_relu", VANISHING, RELU),
        ("lengthen_bptt", TRUNCATED, job()),
        ("lower_learning_rate", EXPLODING, job(optimizer={"learning_rate": 1e-7})),
        ("raise_learning_rate", TOO_SLOW, job(optimizer={"learning_rate": 0.5})),
        ("shorten_bptt", replace(EXPLODING, required_lag=199), job()),
        ("shorten_bptt", replace(EXPLODING, length=None), job()),
        ("train_longer", TOO_SHORT, job(training={"num_steps": 100_000_000})),
        ("clip_norm", replace(EXPLODING, is_gradient_finite=False), job(clipping={"kind": "none"})),
    ],
)
def test_a_remedy_that_does_not_fit_is_left_out(kind: str, ailment: Ailment, spec: JobSpec) -> None:
    assert kind not in _kinds_for(ailment, spec)
