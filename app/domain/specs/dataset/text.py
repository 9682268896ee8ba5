"""Characters of an uploaded text."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from app.domain.errors import Problem
from app.domain.profiles import Profile, TextProfile
from app.domain.specs.base import Integer
from app.domain.specs.dataset.base import MAX_LENGTH, SplitSpec, UploadedDataset
from app.domain.specs.dataset.fit import raise_any, text_profile
from app.domain.task import TaskShape


class TextSpec(UploadedDataset):
    """Predict the next character of an uploaded text."""

    kind: Literal["text"]
    length: Integer = Field(default=128, ge=2, le=MAX_LENGTH)
    """Characters of one training sequence."""
    split: SplitSpec = SplitSpec()
    """Shares of the text, in its order."""

    @property
    def sequence_length(self) -> int:
        return self.length

    def shape(self, profile: Profile | None) -> TaskShape:
        text = text_profile(profile, kind=self.kind)
        raise_any(self._problems(text))
        # one more symbol stands for those that the training part lacks
        num_symbols = text.distinct_symbols + 1
        return TaskShape(
            length=self.length,
            input_size=num_symbols,
            output_size=num_symbols,
            many_to_one=False,
        )

    def _problems(self, text: TextProfile) -> Iterator[Problem]:
        """Yields a problem if a part is not longer than a sequence: the last target needs more."""
        for part in self.split.parts_asked_for(text.characters):
            size = part.end - part.first
            if size <= self.length:
                detail = f"the {part.name} part has {size} characters: too few for sequences of "
                detail += f"{self.length} and a target"
                yield Problem(pointer="/dataset/length", detail=detail, code="longer_than_data")
                return
