"""A data set as clients see it."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.api.models.view import View
from app.domain.profiles import CsvProfile, TextProfile
from app.services.data.upload_dataset import DatasetKind
from app.store.datasets import Dataset


class DatasetView(View):
    """An upload and what it was seen to hold."""

    id: UUID
    name: str
    kind: DatasetKind
    num_bytes: int
    sha256: str
    """Of the bytes that were sent, in hexadecimal."""
    created_at: datetime
    profile: CsvProfile | TextProfile
    """Columns, rows and missing cells of a CSV with a forecast to start with; size and symbols of a
    text."""


class DatasetPage(View):
    items: list[DatasetView]
    next: str | None = Field(examples=["/v1/datasets?limit=50&cursor=WyIyMDI2…"])
    """Where the next page is; null on the last one."""


def view_dataset(dataset: Dataset) -> DatasetView:
    profile = CsvProfile if dataset.kind == "csv" else TextProfile
    return DatasetView.of(
        dataset,
        sha256=dataset.sha256.hex(),
        profile=profile.model_validate(dataset.profile),
    )
