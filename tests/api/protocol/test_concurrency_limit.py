"""A limit on how many callers do something at the same time."""

import pytest

from app.api.protocol.concurrency_limit import ConcurrencyLimit
from app.domain.errors import Overloaded


def test_a_caller_above_the_limit_is_refused() -> None:
    limit = ConcurrencyLimit(most=2, of_what="callers wait")

    with limit, limit, pytest.raises(Overloaded, match="At most 2 callers wait"), limit:
        pass


def test_a_caller_that_failed_leaves_its_place() -> None:
    limit = ConcurrencyLimit(most=1, of_what="callers wait")

    with pytest.raises(ValueError, match="broken"), limit:
        raise ValueError("broken")

    with limit:
        pass
