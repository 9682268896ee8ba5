"""The table of quantities is complete and says what each one is."""

import pytest

from app.domain.quantities import PER_TENSOR, QUANTITIES, SCALARS, Quantity, unit_of


def test_every_stored_column_is_a_known_quantity() -> None:
    names = [quantity.name for quantity in QUANTITIES]

    assert len(set(names)) == len(names)
    assert {*SCALARS, *PER_TENSOR} <= set(names)
    assert set(PER_TENSOR) == {quantity.name for quantity in QUANTITIES if quantity.is_per_tensor}


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.name)
def test_each_quantity_has_a_formula_a_unit_and_a_source(quantity: Quantity) -> None:
    assert quantity.formula
    assert quantity.unit
    assert quantity.source
    assert unit_of(quantity.name) == quantity.unit


def test_a_quantity_of_no_table_has_no_unit() -> None:
    assert unit_of("made_up") == ""
