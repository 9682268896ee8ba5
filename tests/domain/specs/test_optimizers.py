"""What each optimizer is to torch."""

import pytest
from pydantic import JsonValue, TypeAdapter

from app.domain.specs.optimizer import OptimizerSpec
from app.domain.specs.optimizer.base import TorchOptimizer

_specs: TypeAdapter[OptimizerSpec] = TypeAdapter(OptimizerSpec)


def in_torch(spec: dict[str, JsonValue]) -> TorchOptimizer:
    return _specs.validate_python(spec).in_torch


def test_sgd_keeps_a_number_a_weight_for_its_momentum_alone() -> None:
    plain = in_torch({"kind": "sgd"})
    heavy = in_torch({"kind": "sgd", "momentum": 0.9, "nesterov": True})

    assert (plain.name, plain.num_moments, heavy.num_moments) == ("SGD", 0, 1)
    assert plain.arguments == {"momentum": 0.0, "nesterov": False, "fused": True}
    assert heavy.arguments == {"momentum": 0.9, "nesterov": True, "fused": True}


@pytest.mark.parametrize(("kind", "name"), [("adam", "Adam"), ("adamw", "AdamW")])
def test_adam_keeps_two_numbers_a_weight(kind: str, name: str) -> None:
    found = in_torch({"kind": kind, "beta1": 0.8, "beta2": 0.95, "eps": 1e-6})

    assert (found.name, found.num_moments) == (name, 2)
    assert found.arguments == {"betas": (0.8, 0.95), "eps": 1e-6, "fused": True}


@pytest.mark.parametrize(("momentum", "num_moments"), [(0.0, 1), (0.5, 2)])
def test_rmsprop_keeps_one_number_a_weight_and_one_for_its_momentum(
    momentum: float, num_moments: int
) -> None:
    found = in_torch({"kind": "rmsprop", "alpha": 0.9, "momentum": momentum, "eps": 1e-6})

    assert (found.name, found.num_moments) == ("RMSprop", num_moments)
    assert found.arguments == {"alpha": 0.9, "momentum": momentum, "eps": 1e-6, "foreach": True}
