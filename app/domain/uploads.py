"""Checks an uploaded file and describes what it holds."""

from typing import Literal, assert_never

from app.domain.datasets import decode, parse_csv
from app.domain.profiles import CsvProfile, TextProfile, profile_csv, profile_text

DatasetKind = Literal["csv", "text"]


def check_upload(kind: DatasetKind, content: bytes) -> CsvProfile | TextProfile:
    """Returns the profile of a file. Raises InvalidData with the places of the errors."""
    text = decode(content)
    match kind:
        case "csv":
            return profile_csv(parse_csv(text))
        case "text":
            return profile_text(text)
        case _:
            assert_never(kind)
