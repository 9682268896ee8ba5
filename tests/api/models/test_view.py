"""Views take what they show from attributes of the same names, and shorten computed numbers."""

import math
from dataclasses import dataclass

import pytest

from app.api.models.view import Derived, Evidence, View, shortened


class PartView(View):
    value: float | None


class WholeView(View):
    name: str
    is_large: bool
    parts: list[PartView]


@dataclass(frozen=True)
class Part:
    value: float


@dataclass(frozen=True)
class Whole:
    name: str
    unseen: str
    parts: tuple[Part, ...]

    @property
    def is_large(self) -> bool:
        return len(self.parts) > 1


WHOLE = Whole(name="n", unseen="u", parts=(Part(value=1.0), Part(value=float("nan"))))


def test_attributes_properties_and_parts_are_shown() -> None:
    view = WholeView.of(WHOLE)

    assert (view.name, view.is_large, view.parts[0]) == ("n", True, PartView(value=1.0))


def test_what_is_given_stands_in_place_of_an_attribute() -> None:
    view = WholeView.of(WHOLE, name="other", parts=[])

    assert (view.name, view.is_large, view.parts) == ("other", True, [])


def test_a_number_that_is_not_finite_is_null() -> None:
    assert WholeView.of(WHOLE).model_dump_json().endswith('"parts":[{"value":1.0},{"value":null}]}')


class _Computed(View):
    score: Derived
    evidence: Evidence


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (1 / 3, 0.333333333),
        (-2 / 3, -0.666666667),
        (123456789012.0, 123456789000.0),
        (1.23456789012e-300, 1.23456789e-300),
        (0.1, 0.1),
        (0.0, 0.0),
        (math.inf, math.inf),
    ],
)
def test_a_computed_number_has_nine_digits(value: float, short: float) -> None:
    assert shortened(value) == short


def test_views_shorten_what_was_computed() -> None:
    evidence = {"ratio": 1 / 3, "interval": [2 / 3, None], "name": "0.3333333333333333", "n": 3}
    view = _Computed.model_validate({"score": 2 / 3, "evidence": evidence})

    assert view.score == 0.666666667
    assert view.evidence == {
        "ratio": 0.333333333,
        "interval": [0.666666667, None],
        "name": "0.3333333333333333",
        "n": 3,
    }
