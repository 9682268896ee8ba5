"""Overriding thresholds by query."""

import pytest

from app.domain.diagnosis.thresholds import DEFAULT, DEFAULTS, parse_overrides
from app.domain.errors import InvalidInput


def test_every_threshold_can_be_overridden_by_its_own_default() -> None:
    assert parse_overrides({name: str(value) for name, value in DEFAULTS.items()}) == DEFAULT


def test_an_override_changes_that_threshold_alone() -> None:
    moved = parse_overrides(
        {"vanishing_gradient.max_ratio": "0.05", "vanishing_gradient.min_probes": "5"}
    )

    assert (moved.vanishing_gradient.max_ratio, moved.vanishing_gradient.min_probes) == (0.05, 5)
    assert moved.exploding_gradient == DEFAULT.exploding_gradient


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("vanishing_gradient.max", "1", "unknown_threshold"),
        ("max_ratio", "1", "unknown_threshold"),
        ("vanishing_gradient.max_ratio", "much", "not_a_number"),
        ("vanishing_gradient.max_ratio", "nan", "not_a_number"),
        ("vanishing_gradient.max_ratio", "1e400", "not_a_number"),
        ("vanishing_gradient.max_ratio", "-1", "out_of_range"),
        ("vanishing_gradient.min_probes", "2.5", "not_a_number"),
        ("vanishing_gradient.min_probes", "9" * 400, "out_of_range"),
        ("vanishing_gradient.min_probes", "9" * 5000, "not_a_number"),
        ("vanishing_gradient.min_probes", "0", "out_of_range"),
    ],
)
def test_a_bad_override_is_named(name: str, text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_overrides({name: text})

    assert [(p.pointer, p.code) for p in caught.value.problems] == [(f"query/{name}", code)]


def test_all_bad_overrides_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_overrides({"a": "1", "b": "2"})

    assert len(caught.value.problems) == 2
