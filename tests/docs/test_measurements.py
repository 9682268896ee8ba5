"""The page on measurements is the code's own word, and complete."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.api.models.dynamics import DynamicsView
from app.api.models.gradient_flow import GradientFlowView
from app.api.models.view import View
from app.domain.quantities import PROBE_QUANTITIES, QUANTITIES, Quantity
from docs.generate import PAGE, page
from worker.probes import (
    checksum,
    gates,
    jacobian_singular_values,
    loss_gradient,
    lyapunov,
    position_profile,
    sum_rule,
)

ANSWERS = (GradientFlowView, DynamicsView)
#: What the tables say in words is what the probes do.
COUNTS = {
    "gate_mean": f"{gates.NUM_SEQUENCES} sequences",
    "lyapunov_1": f"{lyapunov.NUM_SEQUENCES} sequences",
    "exact_checksum_error": f"{checksum.NUM_SEQUENCES} sequences",
    "checksum_error": f"{checksum.NUM_SEQUENCES} sequences",
    "hidden_grad_norm": f"{position_profile.NUM_SEQUENCES} sequences",
    "sum_rule.activation": f"{sum_rule.NUM_SEQUENCES} sequences",
    "gradient_noise_scale": f"{loss_gradient.NUM_PARTS} parts",
    "jacobian_sigma_max": (
        f"{jacobian_singular_values.NUM_TIMESTEPS} timesteps and "
        f"{jacobian_singular_values.NUM_SEQUENCES} sequences"
    ),
}


def fields(view: type[View]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Model, name and schema of every field, however deep."""
    schema = view.model_json_schema(mode="serialization")
    models = {view.__name__: schema, **schema.get("$defs", {})}
    for name, model in models.items():
        for field, part in model.get("properties", {}).items():
            yield name, field, part


def test_the_page_is_as_the_code_has_it() -> None:
    assert PAGE.read_text() == page(), "make docs"


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.name)
def test_every_quantity_is_on_it_with_all_that_defines_it(quantity: Quantity) -> None:
    row = next(line for line in page().splitlines() if line.startswith(f"| `{quantity.name}` | "))

    cells = [cell.replace("\\|", "|") for cell in row.strip("| ").split(" | ")]
    assert cells[1:] == [
        quantity.unit,
        quantity.formula,
        quantity.reduction,
        quantity.cost,
        quantity.source,
    ]


def test_everything_that_can_be_asked_for_is_on_it() -> None:
    asked = page().split("## What a run can ask for")[1]

    for name in PROBE_QUANTITIES:
        assert f"| `{name}` |" in asked


@pytest.mark.parametrize("view", ANSWERS)
def test_every_field_is_on_it_and_says_what_it_means(view: type[View]) -> None:
    told = page()

    found = list(fields(view))

    assert len(found) > 10
    for model, field, part in found:
        assert part.get("description"), f"{model}.{field}"
        assert f"| `{field}` | {part['description'].replace(chr(10), ' ')}" in told.replace(
            "\\|", "|"
        )


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_the_numbers_in_words_are_those_of_the_probes(name: str, count: str) -> None:
    (quantity,) = [one for one in QUANTITIES if one.name == name]

    assert count in quantity.reduction
