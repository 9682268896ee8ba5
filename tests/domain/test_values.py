"""The values of the domain never change, and say by name what each of their parts is."""

import importlib
import inspect
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "app" / "domain").rglob("*.py")
)
#: An annotation, which reads `DefaultKind("norm")`.
POSITIONAL = {"DefaultKind"}


def dataclasses_of(module: str) -> list[type]:
    found = inspect.getmembers(importlib.import_module(module), inspect.isclass)
    return [one for _, one in found if one.__module__ == module and is_dataclass(one)]


DATACLASSES = [one for module in MODULES for one in dataclasses_of(module)]


@pytest.mark.parametrize("value", DATACLASSES, ids=lambda one: one.__qualname__)
def test_a_value_cannot_be_changed(value: type) -> None:
    assert value.__dataclass_params__.frozen  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", DATACLASSES, ids=lambda one: one.__qualname__)
def test_the_parts_of_a_value_are_given_by_name(value: type) -> None:
    if value.__name__ not in POSITIONAL:
        assert all(part.kw_only for part in fields(value))


def test_every_family_of_values_is_looked_at() -> None:
    names = {one.__qualname__ for one in DATACLASSES}

    assert {"Run", "Estimate", "Quotas", "Usage", "SeriesName", "SeriesStats", "Case"} <= names
