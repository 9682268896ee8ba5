"""What the families of specs are made with."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from app.domain.specs.base import Spec, one_of
from app.domain.specs.clipping.base import Clipping
from app.domain.specs.dataset.base import Dataset, MadeDataset
from app.domain.specs.init.base import BiasesInit, DataDependentInit, MatrixInit, TensorInit
from app.domain.specs.model.cell import RecurrentSpec
from app.domain.specs.optimizer.base import Optimizer
from app.domain.specs.schedule.base import Schedule

Colour = TypeAdapter[str](Annotated[str, one_of(["red", "blue"])])


def test_a_word_is_one_of_those_that_were_named() -> None:
    assert Colour.validate_python("red") == "red"
    with pytest.raises(ValidationError, match="'red' or 'blue'"):
        Colour.validate_python("green")
    assert Colour.json_schema() == {"enum": ["red", "blue"], "type": "string"}


@pytest.mark.parametrize(
    ("family", "stated"),
    [
        (Clipping, {"clip"}),
        (Schedule, {"share"}),
        (Optimizer, {"in_torch"}),
        (RecurrentSpec, {"recipe"}),
        (MatrixInit, {"fill"}),
        (DataDependentInit, {"fill", "gain"}),
        (TensorInit, {"fill"}),
        (BiasesInit, {"fill"}),
        (Dataset, {"sequence_length", "shape"}),
        (MadeDataset, {"facts"}),
    ],
)
def test_each_kind_of_a_family_must_state_its_formulas(
    family: type[Spec], stated: set[str]
) -> None:
    assert vars(family)["__abstractmethods__"] == stated


@pytest.mark.parametrize(
    ("family", "formula"), [(TensorInit, "fill"), (DataDependentInit, "gain"), (BiasesInit, "fill")]
)
def test_a_formula_that_a_family_restates_stays_to_be_stated(
    family: type[Spec], formula: str
) -> None:
    assert vars(family)[formula].__isabstractmethod__
