"""Where training, validation and test of stored data end."""

from app.domain.errors import InvalidData
from app.domain.specs.dataset.base import SplitSpec

Bounds = tuple[int, int, int]


def bounds(num_items: int, split: SplitSpec, *, what: str) -> Bounds:
    """The end of each part. Raises InvalidData where one with a share above 0 would be empty."""
    train, validation, test = parts = split.parts(num_items)
    for part in parts:
        if part.share > 0 and part.end <= part.first:
            detail = f"the {part.name} part ({part.share:g} of {num_items} {what}) would be empty"
            raise InvalidData(detail)
    return train.end, validation.end, test.end
