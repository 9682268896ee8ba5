"""The values of the domain never change, and say by name what each of their parts is."""

import importlib
import inspect
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path

import pytest
from pydantic import BaseModel
from typing_extensions import is_protocol

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "app" / "domain").rglob("*.py")
)
#: An annotation, which reads `DefaultKind("norm")`.
POSITIONAL = {"DefaultKind"}


KINDS = (BaseModel, Enum, Exception)


def classes_of(module: str) -> list[type]:
    found = inspect.getmembers(importlib.import_module(module), inspect.isclass)
    return [one for _, one in found if one.__module__ == module]


DATACLASSES = [one for module in MODULES for one in classes_of(module) if is_dataclass(one)]


@pytest.mark.parametrize("value", DATACLASSES, ids=lambda one: one.__qualname__)
def test_a_value_cannot_be_changed(value: type) -> None:
    assert vars(value)["__dataclass_params__"].frozen


@pytest.mark.parametrize("value", DATACLASSES, ids=lambda one: one.__qualname__)
def test_the_parts_of_a_value_are_given_by_name(value: type) -> None:
    if value.__name__ not in POSITIONAL:
        assert all(part.kw_only for part in fields(value))


@pytest.mark.parametrize("module", MODULES)
def test_a_public_class_is_a_value_an_enumeration_an_error_or_a_protocol(module: str) -> None:
    plain = [
        one.__qualname__
        for one in classes_of(module)
        if not (is_dataclass(one) or is_protocol(one) or issubclass(one, KINDS))
        and not one.__name__.startswith("_")
    ]

    assert plain == []
