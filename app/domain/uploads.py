"""What an upload can be, what is asked of its check, and what the check answers."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from app.domain.profiles import CsvProfile, TextProfile
from app.domain.reader_options import ReaderOptions

DatasetKind = Literal["csv", "parquet", "jsonl", "text"]
#: What a client may say that a file is.
AskedKind = Literal["csv", "parquet", "jsonl", "xlsx", "text", "auto"]


class CheckRequest(BaseModel):
    """How to read a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: AskedKind
    options: ReaderOptions = ReaderOptions()


class CheckedUpload(BaseModel):
    """A file that is valid."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DatasetKind
    profile: CsvProfile | TextProfile
