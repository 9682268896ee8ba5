"""Handwritten digits: the 1,797 images of 8 × 8 that come with scikit-learn."""

from typing import Literal

from app.domain.profiles import Profile
from app.domain.specs.dataset.base import Dataset
from app.domain.task import TaskShape

#: One pixel a timestep.
NUM_PIXELS = 64
NUM_CLASSES = 10


class DigitsSpec(Dataset):
    """Classify handwritten digits from 64 pixels, one per timestep (scikit-learn's digits)."""

    kind: Literal["digits"]

    @property
    def sequence_length(self) -> int:
        return NUM_PIXELS

    def shape(self, profile: Profile | None) -> TaskShape:  # noqa: ARG002 - there is no upload
        return TaskShape(length=NUM_PIXELS, input_size=1, output_size=NUM_CLASSES, many_to_one=True)
