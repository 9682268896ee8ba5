"""A limit on how many callers do something at the same time, in all and of one workspace."""

from uuid import uuid4

import pytest

from app.api.protocol.concurrency_limit import ConcurrencyLimit
from app.domain.errors import Overloaded

ONE, OTHER = uuid4(), uuid4()


def test_a_caller_above_the_limit_is_refused() -> None:
    limit = ConcurrencyLimit(most=2, most_each=2, of_what="callers wait")

    with (
        limit.place(ONE),
        limit.place(OTHER),
        pytest.raises(Overloaded, match="At most 2 callers wait at"),
        limit.place(uuid4()),
    ):
        pass


def test_one_workspace_leaves_places_to_others() -> None:
    limit = ConcurrencyLimit(most=3, most_each=2, of_what="callers wait")

    with limit.place(ONE), limit.place(ONE):
        with pytest.raises(Overloaded, match="of one workspace"), limit.place(ONE):
            pass
        with limit.place(OTHER):
            pass


def test_a_caller_that_failed_leaves_its_place() -> None:
    limit = ConcurrencyLimit(most=1, most_each=1, of_what="callers wait")

    with pytest.raises(ValueError, match="broken"), limit.place(ONE):
        raise ValueError("broken")

    with limit.place(OTHER):
        pass
