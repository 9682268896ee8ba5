"""Damaged real files are read or refused with their place, within bounds that the kernel keeps."""

import pytest

from bench.hostile import outcomes
from bench.hostile_files import hostile_file, real_files

#: The other hundred of two hundred go over HTTP, in tests/api/data.
SEEDS = range(100)


def test_a_seed_gives_the_same_file() -> None:
    assert hostile_file(7) == hostile_file(7)
    assert len({hostile_file(seed).content for seed in range(40)}) > 30


def test_the_files_are_real() -> None:
    assert len(real_files()) >= 12
    assert all(len(content.splitlines()) >= 10 for content in real_files().values())


@pytest.mark.alone
def test_no_damaged_file_costs_more_than_its_bounds_or_is_refused_without_its_place() -> None:
    found = list(outcomes(SEEDS))

    assert [each for each in found if each.is_fault] == []
    assert len({each.name for each in found}) >= 8
