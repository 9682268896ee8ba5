"""Uploads are read fast on one core and in memory of a few times their size."""

import pytest

from bench.reader import MIB, cost_of, digits, european, excel, narrow, panel, wide

#: CPU seconds, which other work on the machine stretches, of files a fifth as large as the bench's.
CASES = {
    "panel": (panel(100_000), 0.6),
    "narrow": (narrow(12 * MIB), 0.4),
    "wide": (wide(1000), 1.0),
    "european": (european(100_000), 0.4),
    "excel": (excel(100_000), 0.4),
    "digits": (digits(12 * MIB), 1.0),
}
MAX_RATIO = 6.0
#: Memory that pyarrow sets aside for any file.
FIXED_BYTES = 32 * MIB


@pytest.mark.alone
@pytest.mark.parametrize("name", CASES)
def test_a_file_is_checked_within_its_share_of_time_and_memory(name: str) -> None:
    content, max_cpu_s = CASES[name]

    cost = min((cost_of(content) for _ in range(3)), key=lambda each: each.cpu_s)

    assert cost.cpu_s <= max_cpu_s
    assert cost.memory_ratio * len(content) <= MAX_RATIO * len(content) + FIXED_BYTES
