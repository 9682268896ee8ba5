"""The sentences on trained runs are read back, as those on generated ones are in tests/domain."""

from pathlib import Path

import pytest

from app.domain.diagnosis.engine import diagnose
from bench.diagnosis.stored import read_file
from tests.domain.diagnosis.reading_back import complaints

EXAMPLES = Path(__file__).parent / "examples.parquet"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 1.0])
def test_every_sentence_on_a_trained_run_is_true(share: float) -> None:
    cases = [run.case_at(share) for run in read_file(EXAMPLES)]

    assert cases
    assert [one for case in cases for one in complaints(diagnose(case), case)] == []
