"""Views of data sets."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from app.api.models.view import View
from app.domain.profiles import CsvProfile, TextProfile
from app.domain.reader_options import ReaderOptions
from app.domain.specs.base import ShortText
from app.domain.uploads import AskedKind, DatasetKind
from app.store.datasets import Dataset


class DatasetView(View):
    """An uploaded file and its profile."""

    id: UUID
    """Id of the data set."""
    name: str
    """Name for people."""
    kind: DatasetKind
    """How the file was read."""
    num_bytes: int
    """Size of the file as it was uploaded."""
    sha256: str
    """Of the uploaded bytes, in hexadecimal."""
    created_at: datetime
    """When it was uploaded."""
    profile: CsvProfile | TextProfile
    """Of a table: columns, rows and missing cells. Of a text: size and symbols. Of both: a
    suggested `dataset` of a job spec, with the id of this data set."""


class DryUploadView(View):
    """A file as it would be read. Nothing was stored."""

    kind: DatasetKind
    """How the file was read."""
    num_bytes: int
    """Size of the file as it was sent."""
    sha256: str
    """Of the uploaded bytes, in hexadecimal."""
    profile: CsvProfile | TextProfile
    """The `dataset_id` of its suggestion is null."""


class UploadQuery(ReaderOptions):
    """The query of an upload: what the file is, and how it is to be read."""

    name: Annotated[ShortText, Field(min_length=1, examples=["co2"])]
    """Name for people."""
    kind: AskedKind = Field(examples=["csv"])
    """`auto` looks at the file. The table of an xlsx is stored as that of a CSV."""
    dry_run: bool = False
    """Answers 200 with the profile, and stores nothing."""


#: Schema of an upload as a form.
FORM_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "description": "A file with the options of its reader.",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "The file."},
        "reader": {
            "$ref": "#/components/schemas/ReaderOptions",
            "description": "How the file is to be read.",
        },
    },
}


class DatasetPage(View):
    """One page of data sets."""

    items: list[DatasetView]
    """Data sets, the newest first."""
    next: str | None = Field(examples=["/v1/datasets?limit=50&cursor=WyIyMDI2…"])
    """URL of the next page; null on the last page."""


def view_dataset(dataset: Dataset) -> DatasetView:
    kind = TextProfile if dataset.kind == "text" else CsvProfile
    profile = kind.model_validate(dataset.profile)
    return DatasetView.of(
        dataset,
        sha256=dataset.sha256.hex(),
        profile=profile.model_copy(update={"suggested": profile.suggested.of_dataset(dataset.id)}),
    )
