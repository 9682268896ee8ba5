"""How finite data is parted into training, validation and test."""

from app.domain.errors import InvalidData
from app.domain.specs.dataset import SplitSpec

Bounds = tuple[int, int, int]


def bounds(num_items: int, split: SplitSpec, *, what: str) -> Bounds:
    """Where each part ends. Raises InvalidData where one with a share above 0 would be empty."""
    train_end = round(num_items * split.train)
    validation_end = round(num_items * (split.train + split.validation))
    parts = (
        ("train", split.train, train_end),
        ("validation", split.validation, validation_end - train_end),
        ("test", split.test, num_items - validation_end),
    )
    for name, share, size in parts:
        if share > 0 and size < 1:
            detail = f"the {name} part ({share:g} of {num_items} {what}) would be empty"
            raise InvalidData(detail)
    return train_end, validation_end, num_items
