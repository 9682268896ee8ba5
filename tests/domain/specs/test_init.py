"""The formula of each initialisation, on weights of one gate or on the biases of all."""

import math

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.specs.base import kind_of
from app.domain.specs.init import InitSpec
from app.domain.specs.init.base import BlankBiases, BlankMatrix, Init
from app.domain.specs.model import CELLS
from app.domain.specs.model.gru import GruSpec
from app.domain.specs.model.lstm import LstmSpec
from app.domain.telemetry import DoubleArray

H = 64
Patch = dict[str, JsonValue]


def a_matrix(fan_in: int = H, *, hidden_size: int = H) -> BlankMatrix:
    rng = np.random.default_rng(0)
    return BlankMatrix(shape=(hidden_size, fan_in), hidden_size=hidden_size, rng=rng)


def biases(cell: type[GruSpec | LstmSpec], *, longest_lag: int) -> BlankBiases:
    gates = cell.card.gates
    rng = np.random.default_rng(0)
    shape = (len(gates) * H,)
    return BlankBiases(shape=shape, hidden_size=H, rng=rng, gates=gates, longest_lag=longest_lag)


def recurrent(init: Patch, *, hidden_size: int = H) -> DoubleArray:
    spec = InitSpec.model_validate({"recurrent": init})
    return spec.recurrent.fill(a_matrix(hidden_size, hidden_size=hidden_size))


def chrono(
    cell: type[GruSpec | LstmSpec], *, max_lag: int | None, longest_lag: int
) -> dict[str, DoubleArray]:
    """By gate."""
    spec = InitSpec.model_validate({"bias": {"kind": "chrono", "max_lag": max_lag}})
    filled = spec.bias.fill(biases(cell, longest_lag=longest_lag))
    return dict(zip(cell.card.blocks, filled.reshape(-1, H), strict=True))


@pytest.mark.parametrize(
    ("init", "std"),
    [
        ({"kind": "xavier_uniform"}, math.sqrt(2 / (16 + H))),
        ({"kind": "xavier_uniform", "gain": 3.0}, 3 * math.sqrt(2 / (16 + H))),
        ({"kind": "xavier_normal", "gain": 2.0}, 2 * math.sqrt(2 / (16 + H))),
        ({"kind": "he_uniform", "gain": 2.0}, 2 * math.sqrt(2 / 16)),
        ({"kind": "he_normal", "gain": 0.5}, 0.5 * math.sqrt(2 / 16)),
        ({"kind": "normal", "std": 0.3}, 0.3),
        ({"kind": "gaussian", "gain": 1.5}, 1.5 / math.sqrt(16)),
        ({"kind": "uniform", "bound": 0.3}, 0.3 / math.sqrt(3)),
        ({"kind": "torch_default"}, 1 / 8 / math.sqrt(3)),
    ],
)
def test_weights_have_the_spread_of_their_formula(init: Patch, std: float) -> None:
    weights = InitSpec.model_validate({"input": init}).input.fill(a_matrix(16))

    assert weights.shape == (H, 16)
    assert weights.std() == pytest.approx(std, rel=0.05)
    assert weights.mean() == pytest.approx(0, abs=0.06 * std)


@pytest.mark.parametrize(
    ("kind", "bound"),
    [
        ("xavier_uniform", math.sqrt(6 / (16 + H))),
        ("he_uniform", math.sqrt(6 / 16)),
        ("uniform", 0.01),
        ("torch_default", 1 / 8),
    ],
)
def test_uniform_weights_fill_the_range_within_their_bound(kind: str, bound: float) -> None:
    weights = InitSpec.model_validate({"input": {"kind": kind}}).input.fill(a_matrix(16))

    assert 0.99 * bound < np.abs(weights).max() <= bound


def test_zeros_are_zero() -> None:
    assert not recurrent({"kind": "zeros"}).any()


def test_a_square_orthogonal_matrix_is_one_times_its_gain() -> None:
    weights = recurrent({"kind": "orthogonal", "gain": 0.9})

    np.testing.assert_allclose(weights @ weights.T, 0.81 * np.eye(H), atol=1e-12)


@pytest.mark.parametrize("fan_in", [16, 100])
def test_the_shorter_side_of_an_orthogonal_matrix_is_orthonormal(fan_in: int) -> None:
    spec = InitSpec.model_validate({"input": {"kind": "orthogonal"}})

    weights = spec.input.fill(a_matrix(fan_in))

    product = weights.T @ weights if fan_in < H else weights @ weights.T
    np.testing.assert_allclose(product, np.eye(min(H, fan_in)), atol=1e-12)


def test_an_orthogonal_matrix_is_the_q_of_a_gaussian_one_whose_r_has_a_positive_diagonal() -> None:
    drawn = np.random.default_rng(0).normal(size=(H, H))

    triangle = recurrent({"kind": "orthogonal"}).T @ drawn

    np.testing.assert_allclose(np.tril(triangle, -1), 0, atol=1e-12)
    assert (np.diag(triangle) > 0).all()


def test_orthogonal_matrices_prefer_no_rotation() -> None:
    """QR alone would leave the first entry of most of them negative."""
    blank = a_matrix(3, hidden_size=3)
    spec = InitSpec.model_validate({"recurrent": {"kind": "orthogonal"}})

    first = [spec.recurrent.fill(blank)[0, 0] for _ in range(2000)]

    assert np.mean(first) == pytest.approx(0, abs=0.05)


def test_identity_is_the_identity_times_its_gain() -> None:
    np.testing.assert_array_equal(recurrent({"kind": "identity", "gain": 0.5}), 0.5 * np.eye(H))


def test_the_largest_eigenvalue_has_the_radius_that_was_asked_for() -> None:
    weights = recurrent({"kind": "spectral_radius", "radius": 3.0})

    assert np.abs(np.linalg.eigvals(weights)).max() == pytest.approx(3.0, rel=1e-12)


@pytest.mark.parametrize(
    ("init", "radius"), [({"kind": "gaussian", "gain": 0.9}, 0.9), ({"kind": "critical"}, 1.0)]
)
def test_a_large_gaussian_matrix_has_its_gain_as_spectral_radius(
    init: Patch, radius: float
) -> None:
    weights = recurrent(init, hidden_size=400)

    assert np.abs(np.linalg.eigvals(weights)).max() == pytest.approx(radius, rel=0.1)


@pytest.mark.parametrize(("max_lag", "longest_lag"), [(100, 7), (None, 100)])
def test_a_chrono_lstm_keeps_for_times_up_to_the_lag(max_lag: int | None, longest_lag: int) -> None:
    found = chrono(LstmSpec, max_lag=max_lag, longest_lag=longest_lag)

    times = np.exp(found["forget"])
    assert (times >= 1).all()
    assert (times <= 100).all()
    assert times.mean() == pytest.approx(50.5, abs=15)
    np.testing.assert_array_equal(found["input"], -found["forget"])
    assert not found["cell"].any()
    assert not found["output"].any()


def test_a_chrono_gru_has_it_in_the_gate_that_keeps() -> None:
    found = chrono(GruSpec, max_lag=100, longest_lag=1)

    assert np.exp(found["update"]).mean() == pytest.approx(50.5, abs=15)
    assert not found["reset"].any()
    assert not found["new"].any()


def test_a_lag_below_one_is_one() -> None:
    assert not chrono(GruSpec, max_lag=None, longest_lag=0)["update"].any()


@pytest.mark.parametrize(
    ("init", "radius"),
    [
        ({"kind": "orthogonal", "gain": 0.9}, 0.9),
        ({"kind": "identity", "gain": 0.8}, 0.8),
        ({"kind": "spectral_radius", "radius": 0.7}, 0.7),
        ({"kind": "gaussian", "gain": 0.9}, None),
        ({"kind": "critical"}, None),
    ],
)
def test_a_radius_is_told_where_the_spec_fixes_it(init: Patch, radius: float | None) -> None:
    assert InitSpec.model_validate({"recurrent": init}).recurrent.nominal_radius == radius


@pytest.mark.parametrize("kind", ["normal", "uniform", "zeros", "chrono", "torch_default"])
def test_only_the_default_of_torch_fills_both_of_its_biases(kind: str) -> None:
    bias = InitSpec.model_validate({"bias": {"kind": kind}}).bias

    assert bias.fills_both_biases is (kind == "torch_default")
    assert bias.sets_forget_biases is (kind == "chrono")


def fitting(init: Init) -> set[str]:
    return {kind_of(cell) for cell in CELLS if init.need is None or init.need.is_met(cell.card)}


def test_most_kinds_fit_every_cell_and_some_do_not() -> None:
    spec = InitSpec.model_validate({"recurrent": {"kind": "critical"}, "bias": {"kind": "chrono"}})

    assert fitting(spec.input) == {"elman", "gru", "lstm"}
    assert fitting(spec.recurrent) == {"elman"}
    assert fitting(spec.bias) == {"gru", "lstm"}
