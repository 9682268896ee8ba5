"""The table of quantities is complete and says what each one is."""

import pytest

from app.domain.quantities import (
    PER_TENSOR,
    PROBE_NAMES,
    QUANTITIES,
    SCALARS,
    Quantity,
    find_quantity,
    unit_of,
)
from app.domain.quantities.probe import ProbeName, Tier
from app.domain.specs.job import ProbesSpec


def test_every_stored_column_is_a_known_quantity() -> None:
    names = [quantity.name for quantity in QUANTITIES]

    assert len(set(names)) == len(names)
    assert set(SCALARS) == {
        "loss",
        "grad_norm",
        "clip_coefficient",
        "update_ratio",
        "learning_rate",
        "elapsed_s",
        "non_finite_count",
    }
    assert set(PER_TENSOR) == {"grad_norm", "weight_norm", "update_ratio", "zero_fraction"}


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.name)
def test_each_quantity_has_a_formula_a_unit_and_a_source(quantity: Quantity) -> None:
    assert quantity.formula
    assert quantity.unit
    assert quantity.source
    assert unit_of(quantity.name) == quantity.unit


def test_a_quantity_of_no_table_has_no_unit() -> None:
    assert unit_of("made_up") == ""
    assert unit_of("made_up_1") == ""


@pytest.mark.parametrize("name", ["lyapunov_4", "lyapunov_5", "lyapunov_127"])
def test_every_exponent_of_a_spectrum_has_the_unit_of_the_first(name: str) -> None:
    assert unit_of(name) == "nats / timestep"


@pytest.mark.parametrize("name", ["lyapunov_", "lyapunov_x", "sigma_max_2", "jacobian_sigma_1"])
def test_a_number_at_the_end_of_another_name_means_nothing(name: str) -> None:
    assert find_quantity(name) is None


@pytest.mark.parametrize(
    ("least", "tiers"),
    [
        ("economy", {"economy", "standard", "full"}),
        ("standard", {"standard", "full"}),
        ("full", {"full"}),
        (None, set()),
    ],
)
def test_a_tier_has_what_the_tiers_below_it_have(least: Tier | None, tiers: set[Tier]) -> None:
    name = ProbeName(name="made_up", tier=least)
    every: tuple[Tier, ...] = ("economy", "standard", "full")

    assert {tier for tier in every if name.is_in(tier)} == tiers


def test_a_job_spec_can_name_all_that_the_table_lists() -> None:
    for one in PROBE_NAMES:
        spec = ProbesSpec.model_validate({"quantities": [one.name]})
        assert spec.cadences == ((one.name, None),)
