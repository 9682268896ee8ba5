"""Every oracle runs on a seed drawn when the test starts, and prints it."""

import secrets

import pytest
import torch


@pytest.fixture(autouse=True)
def seed() -> int:
    """A result that could be hard-coded proves nothing; a printed seed can be repeated."""
    drawn = secrets.randbelow(2**31)
    print(f"seed {drawn}")  # noqa: T201 - pytest shows it where a test fails
    torch.manual_seed(drawn)
    return drawn
