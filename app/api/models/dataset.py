"""Views of data sets."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.api.models.view import View
from app.domain.profiles import CsvProfile, TextProfile
from app.domain.uploads import DatasetKind
from app.store.datasets import Dataset


class DatasetView(View):
    """An uploaded file and its profile."""

    id: UUID
    name: str
    kind: DatasetKind
    num_bytes: int
    sha256: str
    """Of the uploaded bytes, in hexadecimal."""
    created_at: datetime
    profile: CsvProfile | TextProfile
    """Of a CSV: columns, rows, missing cells and a suggested forecast. Of a text: size and
    symbols."""


class DatasetPage(View):
    items: list[DatasetView]
    next: str | None = Field(examples=["/v1/datasets?limit=50&cursor=WyIyMDI2…"])
    """URL of the next page; null on the last page."""


def view_dataset(dataset: Dataset) -> DatasetView:
    profile = CsvProfile if dataset.kind == "csv" else TextProfile
    return DatasetView.of(
        dataset,
        sha256=dataset.sha256.hex(),
        profile=profile.model_validate(dataset.profile),
    )
