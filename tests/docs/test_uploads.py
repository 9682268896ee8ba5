"""The page about uploads names every kind and every option."""

from pathlib import Path
from typing import get_args

import pytest

from app.domain.reader_options import ReaderOptions
from app.domain.uploads import DatasetKind

PAGE = (Path(__file__).parents[2] / "docs" / "uploads.md").read_text()


@pytest.mark.parametrize("name", [*ReaderOptions.model_fields, *get_args(DatasetKind)])
def test_it_has_a_row_in_a_table(name: str) -> None:
    assert f"\n| `{name}` |" in PAGE
