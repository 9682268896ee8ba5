"""Views take what they show from attributes of the same names."""

from dataclasses import dataclass

from app.api.models.view import View


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
