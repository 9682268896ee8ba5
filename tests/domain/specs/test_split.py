"""Shares of the data as items."""

import pytest

from app.domain.specs.dataset.base import SplitSpec


@pytest.mark.parametrize(
    ("num_items", "shares", "ends"),
    [
        (100, (0.7, 0.15, 0.15), (70, 85, 100)),
        (10, (0.5, 0.0, 0.5), (5, 5, 10)),
        (7, (0.6, 0.2, 0.2), (4, 6, 7)),
        (0, (0.7, 0.15, 0.15), (0, 0, 0)),
    ],
)
def test_parts_follow_each_other_and_take_all(
    num_items: int, shares: tuple[float, float, float], ends: tuple[int, int, int]
) -> None:
    names = ("train", "validation", "test")
    split = SplitSpec.model_validate(dict(zip(names, shares, strict=True)))

    parts = split.parts(num_items)

    assert tuple(part.name for part in parts) == names
    assert tuple(part.share for part in parts) == shares
    assert tuple(part.end for part in parts) == ends
    assert tuple(part.first for part in parts) == (0, *ends[:-1])


def test_a_part_without_a_share_is_not_asked_for() -> None:
    split = SplitSpec(train=0.5, validation=0.0, test=0.5)

    assert [part.name for part in split.parts_asked_for(10)] == ["train", "test"]
    assert len(SplitSpec().parts_asked_for(10)) == 3
